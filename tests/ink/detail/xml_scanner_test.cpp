#include <nib/ink/detail/xml_scanner.hpp>

#include "../../support.hpp"

using nib::detail::TextSource;
using nib::detail::XmlScanner;

namespace {

const std::string name = "a.xml";

// What the scanner says, one word an event: "<a", ">a", and "'text'" where there is text after the tag.
std::string events(std::string_view text) {
    TextSource source{text};
    XmlScanner xml{source, name};
    std::string result;
    for (auto event = xml.next(); event != XmlScanner::Event::end; event = xml.next()) {
        result += event == XmlScanner::Event::start_tag ? " <" : " >";
        result += xml.element();
        std::string inside;
        if (xml.depth() > 0)
            for (char c; xml.take_text(c);) inside += c;
        if (!inside.empty()) result += " '" + inside + "'";
    }
    return result.substr(1);
}

std::string error_in(std::string_view text) {
    return support::error_of([&] { return events(text); });
}

}  // namespace

TEST_CASE("tags come in order, with their text") {
    CHECK(events("<a>1<b/>2<c >3</c\n>4</a>") == "<a '1' <b >b '2' <c '3' >c '4' >a");
    CHECK(events("<?xml version='1.0'?>\n<!-- <b> -->\n<x:a xmlns:x=\"u\"><x:b.1-_/></x:a>\n<!-- end -->\n<?p?> ") ==
          "<a <b.1-_ >b.1-_ >a");
}

TEST_CASE("comments and instructions are left out of a text, CDATA and references are resolved") {
    CHECK(
        events("<a>1<!-- <b> - -->2<?x > ?>3<![CDATA[<&]]]>4&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#xe9;&#x1F600;</a>") ==
        "<a '123<&]4<>&\"'AB\xc3\xa9\xf0\x9f\x98\x80' >a");
}

TEST_CASE("attributes stand in either quotes, and belong to the last start tag") {
    TextSource source{"<a x='1\"' y = \"&lt;'\n\" p:z=''><b x='2'/></a>"};
    XmlScanner xml{source, name};
    REQUIRE(xml.next() == XmlScanner::Event::start_tag);
    CHECK(xml.attribute("x") == "1\"");
    CHECK(xml.attribute("y") == "<'\n");
    CHECK(xml.attribute("p:z") == "");
    CHECK(xml.attribute("none") == "");
    CHECK(xml.parent() == "");
    CHECK(xml.depth() == 1);
    CHECK(xml.line() == 2);
    REQUIRE(xml.next() == XmlScanner::Event::start_tag);
    CHECK(xml.attribute("x") == "2");
    CHECK(xml.attribute("y") == "");
    CHECK(xml.parent() == "a");
    CHECK(xml.depth() == 2);
    REQUIRE(xml.next() == XmlScanner::Event::end_tag);
    CHECK(xml.element() == "b");
    CHECK(xml.depth() == 1);
    REQUIRE(xml.next() == XmlScanner::Event::end_tag);
    CHECK(xml.depth() == 0);
    CHECK(xml.next() == XmlScanner::Event::end);
    CHECK(xml.next() == XmlScanner::Event::end);
}

TEST_CASE("text that nobody takes is passed over") {
    TextSource source{"<a>1 &amp; 2<b/>3</a>"};
    XmlScanner xml{source, name};
    xml.next();
    REQUIRE(xml.next() == XmlScanner::Event::start_tag);
    CHECK(xml.element() == "b");
}

TEST_CASE("what is not well formed is refused with its line") {
    struct Case {
        std::string text;
        std::string message;
    };
    std::string nested;
    for (int i = 0; i < 64; ++i) nested += "<a>";
    std::string attributes = "<a";
    for (int i = 0; i < 101; ++i) attributes += " x" + std::to_string(i) + "=''";
    const std::string reference = "expected one of the five entities of XML or the number of a character, found ";
    const std::vector<Case> cases{
        {"", "1: expected an element, found the end"},
        {"\n \n", "3: expected an element, found the end"},
        {"x<a/>", "1: expected an element, found 'x'"},
        {"<a/>x", "1: expected an element, found 'x'"},
        {"<![CDATA[ ]]><a/>", "1: expected an element, found '<![CDATA['"},
        {"<a/>\n<b/>", "2: expected nothing after the outermost element, found '<b/>'"},
        {"</a>", "1: expected a start tag, found '</a>'"},
        {"<a>\n", "2: expected the end of <a>, found the end"},
        {"<a>\n</b>", "2: expected </a>, found '</b>'"},
        {"<a></a b>", "1: expected '>', found 'b>'"},
        {"<a></", "1: expected the name of an element, found the end"},
        {"< a/>", "1: expected the name of an element, found byte 0x20"},
        {"<1/>", "1: expected the name of an element, found '1/>'"},
        {"<a", "1: expected an attribute's name or '>' in the tag <a>, found the end"},
        {"<a /", "1: expected an attribute's name or '>' in the tag <a>, found '/'"},
        {"<a x>", "1: expected '=' after the attribute 'x', found '>'"},
        {"<a x=1>", "1: expected a value in quotes for the attribute 'x', found '1>'"},
        {"<a x='1", "1: expected the end of the attribute 'x', found the end"},
        {"<a x='<'/>", "1: expected a value without '<' for the attribute 'x', found '<'/>'"},
        {"<a x='1'y='2'/>", "1: expected a space, '>' or '/>' in the tag <a>, found 'y='2'/>'"},
        {"<a x='1'\nx='2'/>", "2: expected each attribute once, found 'x' twice"},
        {"<!DOCTYPE a><a/>",
         "1: expected a tag, a comment or a CDATA section (a document type is not read), found '<!DOCTYPE'"},
        {"<a><!ENTITY b 'c'></a>",
         "1: expected a tag, a comment or a CDATA section (a document type is not read), found '<!ENTITY '"},
        {"<a><!-- -- --></a>", "1: expected '-->' after '--' in a comment, found byte 0x20"},
        {"<a><!-- \n", "2: expected '-->', found the end"},
        {"<a><?x ", "1: expected '?>', found the end"},
        {"<a><![CDATA[x]]", "1: expected ']]>', found the end"},
        {"<a>&nbsp;</a>", "1: " + reference + "'&nbsp;'"},
        {"<a>&#0;</a>", "1: " + reference + "'&#0;'"},
        {"<a>&#xd800;</a>", "1: " + reference + "'&#xd800;'"},
        {"<a>&#x110000;</a>", "1: " + reference + "'&#x110000;'"},
        {"<a>&#99999999;</a>", "1: " + reference + "'&#99999999;'"},
        {"<a>&#;</a>", "1: " + reference + "'&#;'"},
        {"<a>&#x;</a>", "1: " + reference + "'&#x;'"},
        {"<a>&#A;</a>", "1: " + reference + "'&#A;'"},
        {"<a>&;</a>", "1: " + reference + "'&;'"},
        {"<a>1 & 2</a>", "1: expected '&' with the name of a character and ';', found '&'"},
        {"<a>&aaaaaaaaaaa;</a>", "1: expected '&' with the name of a character and ';', found '&aaaaaaaaaa'"},
        {"<a x='&lt'/>", "1: expected '&' with the name of a character and ';', found '&lt'/>'"},
        {std::string("<a>\0</a>", 8), "1: expected a character that XML allows, found byte 0x00"},
        {"<a>\n\x1b[31m</a>", "2: expected a character that XML allows, found byte 0x1b"},
        {nested + "<a>", "1: expected elements nested at most 64 deep, found one deeper"},
        {attributes, "1: expected at most 100 attributes, found another"},
        {"<" + std::string(70000, 'a') + "/>", "1: expected a tag of at most 65536 bytes, found a longer one"},
        {"<a x='" + std::string(70000, 'a') + "'/>", "1: expected a tag of at most 65536 bytes, found a longer one"},
    };
    for (const Case& bad : cases) {
        CAPTURE(bad.text.substr(0, 100));
        CHECK(error_in(bad.text) == name + ":" + bad.message);
    }
    CHECK(support::contains(error_in(nested), "expected the end of <a>, found the end"));
}
