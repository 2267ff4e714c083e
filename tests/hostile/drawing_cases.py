"""Hostile pictures and stroke files."""
import struct
import zlib

from files import chunk, count, endless, png, repeat, sparse, zlib_zeros
from running import DRAWINGS, PICTURE, hostile
from settings import ROOM


def picture_cases():
    def picture(name, data, size=None, **rest):
        hostile("picture: " + name, lambda path: sparse(path, data, size or len(data)), *PICTURE, **rest)
    picture("PGM of 65,536 squared, all there", b"P5 65536 65536 255\n", 19 + (1 << 32))
    picture("PGM of 65,536 squared", b"P5 65536 65536 255\n")
    picture("PGM of sizes that overflow", b"P5 18446744073709551615 18446744073709551615 255\n")
    picture("PGM of 4096 squared in two bytes", b"P5 4096 4096 65535\n", 19 + (1 << 25), belongs=3 << 24)
    picture("PGM with 10 GB behind it", b"P5 8 8 255\n", 10 << 30)
    picture("PBM of 65,536 squared, all there", b"P4 65536 65536\n", 15 + (1 << 29))
    picture("PPM of 65,536 squared, all there", b"P6 65536 65536 255\n", 19 + 3 * (1 << 32))
    for name, head, piece in (("comments", b"P5 ", b"#\n"), ("one comment", b"P5 #", b"a"), ("spaces", b"P5", b" "),
                              ("one number", b"P5 ", b"1"), ("pixels", b"P2 28 28 255\n", b"1 "),
                              ("one pixel", b"P2 1 1 255\n", b"1"), ("pixels of 4096 squared", b"P2 4096 4096 255\n", b"1 ")):
        hostile("picture: PGM of long " + name, lambda path: repeat(path, head, piece, b"\n"), *PICTURE,
                belongs=ROOM + (1 << 24))
    gigabytes = zlib_zeros(3 << 30)
    picture("PNG of 65,536 squared", png(65536, 65536, chunk(b"IDAT", gigabytes)))
    picture("PNG of 2^31 - 1 squared", png((1 << 31) - 1, (1 << 31) - 1, chunk(b"IDAT", gigabytes)))
    picture("PNG of 8 squared and 3 GB", png(8, 8, chunk(b"IDAT", gigabytes)))
    picture("PNG of 4096 squared and 3 GB", png(4096, 4096, chunk(b"IDAT", gigabytes)), belongs=1 << 25)
    picture("PNG of 4096 squared in four channels of two bytes", png(
        4096, 4096, chunk(b"IDAT", zlib_zeros(1 << 27)), depth=16, color=6), belongs=1 << 28)
    picture("PNG of 1 x 4096 and 3 GB, in millions of chunks", png(1, 4096, *[chunk(b"IDAT", b"")] * (ROOM // 96),
                                                                   chunk(b"IDAT", zlib_zeros(1 << 24))))
    picture("PNG without data", png(28, 28))
    picture("PNG of empty data", png(28, 28, chunk(b"IDAT", b"")))
    picture("PNG of a chunk of 4 GB", b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 0xffffffff) + b"IHDR", 5 << 30)
    hostile("picture: PNG of text", lambda path: repeat(path, png(28, 28)[:-12], chunk(b"tEXt", b"a" * 100),
                                                        png(28, 28)[-12:]), *PICTURE)
    picture("PNG with 10 GB behind it", png(8, 8, chunk(b"IDAT", zlib.compress(bytes(72)))), 10 << 30)
    for bits in (1, 8, 24, 32):
        for width, height in ((65536, 65536), ((1 << 31) - 1, -(1 << 31)), (4096, 4096)):
            head = b"BM" + struct.pack("<IHHI", 0, 0, 0, 54 + 1024) + struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits,
                                                                                 0, 0, 0, 0, 0, 0)
            picture("BMP of %d bits, %d x %d" % (bits, width, height), head)
            picture("BMP of %d bits, %d x %d, and 20 GB" % (bits, width, height), head, 20 << 30, belongs=1 << 26)
    frame = b"\xff\xd8\xff\xc0" + struct.pack(">HBHHB", 17, 8, 65500, 65500, 3) + bytes(
        (1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0))
    picture("JPEG of 65,500 squared", frame + b"\xff\xda")
    picture("JPEG of 65,500 squared and 10 GB", frame + b"\xff\xda", 10 << 30)
    picture("GIF of 65,535 squared", b"GIF89a\xff\xff\xff\xff\xf7\0\0" + bytes(768) + b",\0\0\0\0\xff\xff\xff\xff\0\x08")
    picture("PSD of 65,535 squared", b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 4, 65535, 65535, 8, 3))
    hostile("a picture that never ends", endless, *PICTURE)


def stroke_cases():
    def drawn(name, head, piece, tail=b"", length=None, commands=DRAWINGS):
        hostile("strokes: " + name, lambda path: repeat(path, head, piece, tail, length), *commands)

    def counted(name, head, make, tail=b"", length=None):
        hostile("strokes: " + name, lambda path: count(path, head, make, tail, length), *DRAWINGS)

    # UNIPEN
    segment = b'.SEGMENT DIGIT 0 ? "1"\n'
    drawn("UNIPEN of one line of digits", segment + b".PEN_DOWN\n", b"1")
    drawn("UNIPEN of one line of points", segment + b".PEN_DOWN\n", b"1 2 ", b"\n.PEN_UP\n")
    drawn("UNIPEN of one stroke", segment + b".PEN_DOWN\n", b"1 2\n2 1\n", b".PEN_UP\n")
    drawn("UNIPEN of tiny strokes that no segment has", segment, b".PEN_DOWN\n1 2\n.PEN_UP\n")
    drawn("UNIPEN of tiny strokes", b'.SEGMENT DIGIT 0-1 ? "1"\n', b".PEN_DOWN\n1 2\n.PEN_UP\n")
    drawn("UNIPEN of empty strokes", segment, b".PEN_DOWN\n.PEN_UP\n")
    drawn("UNIPEN of empty lines", segment, b"\n")
    drawn("UNIPEN of one keyword", b"", b".A")
    drawn("UNIPEN of keywords", segment, b".A\n")
    drawn("UNIPEN of a comment", b".COMMENT ", b"a 1 2 ", b"\n")
    drawn("UNIPEN of comments", b"", b".COMMENT\n1 2\n")
    drawn("UNIPEN of a lexicon", b".LEXICON ", b'"1" ')
    drawn("UNIPEN of a hierarchy", b".HIERARCHY ", b"A ", b"\n" + segment + b".PEN_DOWN\n1 2\n.PEN_UP\n")
    drawn("UNIPEN of a label", b'.SEGMENT DIGIT 0 ? "', b"1", b'"\n.PEN_DOWN\n1 2\n3 4\n.PEN_UP\n')
    counted("UNIPEN of segments that no stroke has", b"", lambda i: b'.SEGMENT DIGIT %d ? "1"\n' % i)
    drawn("UNIPEN of segments of one stroke", b"", segment, b".PEN_DOWN\n1 2\n.PEN_UP\n")
    for places in (b"0-4000000000", b"0-18446744073709551615", b"0:0-9:4000000000", b"4000000000", b"0-1e9", b"-1",
                   b"9" * 100000):
        drawn("UNIPEN of the places %s" % places[:24].decode(), b'.SEGMENT DIGIT %s ? "1"\n' % places,
              b".PEN_DOWN\n1 2\n3 4\n.PEN_UP\n", length=1)
    drawn("UNIPEN of one segment of many places", b".SEGMENT DIGIT 0", b",0", b' ? "1"\n.PEN_DOWN\n1 2\n.PEN_UP\n')
    counted("UNIPEN of one segment of many other places", b".SEGMENT DIGIT 0", lambda i: b",%d" % i,
            b' ? "1"\n.PEN_DOWN\n1 2\n.PEN_UP\n')
    counted("UNIPEN of parts of strokes", b".SEGMENT DIGIT 0", lambda i: b",0:%d-0:%d" % (i, i),
            b' ? "1"\n.PEN_DOWN\n1 2\n.PEN_UP\n', ROOM >> 3)
    drawn("UNIPEN of 10,000 segments of 10,000 strokes", b'.SEGMENT DIGIT 0-9999 ? "1"\n' * 10000,
          b".PEN_DOWN\n1 2\n.PEN_UP\n", length=10000 * 22)
    drawn("UNIPEN that includes what never ends", b".INCLUDE /dev/zero\n" + segment, b".PEN_DOWN\n1 2\n.PEN_UP\n", length=1)
    drawn("UNIPEN of numbers beyond all bounds", segment + b".PEN_DOWN\n", b"1e308 -1e308\n-1e308 1e308\nnan inf\n",
          b".PEN_UP\n", 1)
    drawn("UNIPEN of a stroke without an end", segment + b".PEN_DOWN\n", b"1 2\n3 4\n")

    # QuickDraw
    one = b'{"word":"1","drawing":[[[1,2],[1,2]]]}\n'
    drawn("QuickDraw of drawings", b"", one, length=ROOM >> 6)
    drawn("QuickDraw of arrays in each other", b'{"word":"1","drawing":', b"[")
    drawn("QuickDraw of objects in each other", b"", b'{"a":')
    drawn("QuickDraw of one line of numbers", b'{"word":"1","drawing":[[[1', b",2", b"],[1]]]}\n")
    drawn("QuickDraw of one stroke", b'{"word":"1","drawing":[[[1' + b",2" * (ROOM >> 2) + b"],[1", b",2", b"]]]}\n",
          ROOM >> 1)
    drawn("QuickDraw of tiny strokes", b'{"word":"1","drawing":[[[1],[2]]', b",[[1],[2]]", b"]}\n")
    drawn("QuickDraw of empty strokes", b'{"word":"1","drawing":[[[],[]]', b",[[],[]]", b"]}\n")
    drawn("QuickDraw of empty arrays", b'{"word":"1","drawing":[[[1],[2]', b",[]", b"]]}\n")
    drawn("QuickDraw of empty drawings", b"", b'{"word":"1","drawing":[]}\n')
    drawn("QuickDraw of empty lines", one, b"\n")
    drawn("QuickDraw of spaces", b'{"word":"1",', b" ", b'"drawing":[[[1,2],[1,2]]]}\n')
    drawn("QuickDraw of a word", b'{"word":"', b"1", b'","drawing":[[[1,2],[1,2]]]}\n')
    drawn("QuickDraw of a word of escapes", b'{"word":"', b"\\u0031", b'","drawing":[[[1,2],[1,2]]]}\n')
    drawn("QuickDraw of one number", b'{"word":"1","drawing":[[[', b"1", b"],[1]]]}\n")
    drawn("QuickDraw of a number that ends no sooner", b'{"word":"1","drawing":[[[0.', b"0", b"1],[1]]]}\n")
    drawn("QuickDraw of one key again and again", b'{"word":"1"', b',"word":"1"', b',"drawing":[[[1,2],[1,2]]]}\n')
    counted("QuickDraw of keys", b'{"word":"1"', lambda i: b',"%x":1' % i, b',"drawing":[[[1,2],[1,2]]]}\n')
    drawn("QuickDraw of exponents", b"", b'{"word":"1","drawing":[[[1e99999999999,2],[1,-1e308]]]}\n', length=1)

    # InkML
    ink, end = b'<ink xmlns="http://www.w3.org/2003/InkML">', b"</ink>\n"
    trace = b"<trace>1 1, 2 2, 3 1</trace>"
    drawn("InkML of elements in each other", ink, b"<a>", trace + end)
    drawn("InkML of trace groups in each other", ink, b"<traceGroup>", trace + end)
    drawn("InkML of one trace", ink + b"<trace>1 1", b",2 2", b"</trace>" + end)
    drawn("InkML of one number", ink + b"<trace>", b"1", b" 1</trace>" + end)
    drawn("InkML of spaces", ink + b"<trace>1 1", b" ", b"</trace>" + end)
    drawn("InkML of tiny traces", ink, b"<trace>1 1</trace>", end)
    drawn("InkML of empty traces", ink, b"<trace/>", trace + end)
    counted("InkML of identities", ink, lambda i: b'<trace id="%x">1 1</trace>' % i, end)
    counted("InkML of identities without traces", ink, lambda i: b'<annotation id="%x"/>' % i, trace + end)
    drawn("InkML of one identity", ink, b'<trace id="a">1 1</trace>', end)
    drawn("InkML of annotations", ink, b'<annotation type="truth">1</annotation>', trace + end)
    drawn("InkML of an annotation", ink + b'<annotation type="truth">', b"1", b"</annotation>" + trace + end)
    drawn("InkML of an attribute", ink + b'<trace id="', b"a", b'">1 1,2 2</trace>' + end)
    counted("InkML of attributes", ink + b"<trace ", lambda i: b' a%x=""' % i, b">1 1,2 2</trace>" + end)
    drawn("InkML of one attribute again and again", ink + b"<trace ", b' a=""', b">1 1,2 2</trace>" + end)
    drawn("InkML of a comment", ink + b"<!--", b"a", b"-->" + trace + end)
    drawn("InkML of comments", ink, b"<!---->", trace + end)
    drawn("InkML of a name", ink + b"<", b"a", b"/>" + trace + end)
    drawn("InkML of a section without an end", ink + b"<![CDATA[", b"]]")
    drawn("InkML of references", ink + b"<annotation>", b"&amp;", b"</annotation>" + trace + end)
    drawn("InkML of characters", ink + b"<annotation>", b"&#99999999999;", b"</annotation>" + trace + end)
    drawn("InkML of groups", ink, b"<traceGroup>" + trace + b"</traceGroup>", end, ROOM >> 6)
    drawn("InkML of empty groups", ink, b"<traceGroup></traceGroup>", trace + end)
    drawn("InkML of channels", ink + b"<traceFormat>" + b'<channel name="X"/><channel name="Y"/>',
          b'<channel name="A"/>', b"</traceFormat>" + trace + end)
    counted("InkML of formats", ink, lambda i: b'<context id="%x"><traceFormat id="f%x"><channel name="X"/>'
            b'<channel name="Y"/></traceFormat></context>' % (i, i), trace + end)
    entities = b'<!DOCTYPE ink [<!ENTITY a "1 1,">' + b"".join(
        b'<!ENTITY %c "%s">' % (c + 1, b"&%c;" % c * 10) for c in range(97, 110)) + b"]>"
    drawn("InkML of entities that multiply", entities + ink + b"<trace>", b"&n;", b"</trace>" + end, 1)
    views = b'<traceGroup xml:id="g0"><trace xml:id="t">1 1, 2 2</trace></traceGroup>' + b"".join(
        b'<traceView xml:id="g%d">%s</traceView>' % (i, b'<traceView traceDataRef="#g%d"/>' % (i - 1) * 10)
        for i in range(1, 15))
    drawn("InkML of views that multiply", ink + views, b'<traceView traceDataRef="#g14"/>', end, 1)
    drawn("InkML of views of themselves", ink + trace, b'<traceView xml:id="a" traceDataRef="#a"/>', end, 1)
    drawn("InkML of views of one trace", ink + b'<trace xml:id="t">1 1, 2 2</trace>', b'<traceView traceDataRef="#t"/>', end)
    drawn("InkML of views of many traces", ink + b'<traceGroup xml:id="g">' + trace * 10000 + b"</traceGroup>",
          b'<traceView traceDataRef="#g"/>', end, 10000 * 30)
    drawn("InkML of differences", ink + b"<trace>1 1, '1'1", b',"9"9', b"</trace>" + end)

    # Pointer logs
    drawn("a log of one line", b"", b"1")
    drawn("a log of one line of numbers", b"", b"1 ")
    drawn("a log of one stroke", b"1 1 0\n", b"2 2 0\n3 1 0\n")
    counted("a log of tiny strokes", b"", lambda i: b"1 1 %d\n2 2 %d.1\n" % (i, i), length=ROOM >> 4)
    drawn("a log of empty lines", b"1 1 0\n", b"\n", b"2 2 0.1\n")
    drawn("a log of zeros", b"1 1 0\n0.", b"0", b"1 2 0.1\n")
    drawn("a log of an exponent", b"1 1 0\n1e", b"9", b" 2 0.1\n")
    drawn("a log of numbers beyond all bounds", b"", b"1e308 -1e308 0\n-1e308 1e308 0.1\n", length=1)
    hostile("strokes: zeros", lambda path: sparse(path, b"", ROOM), *DRAWINGS)
    hostile("strokes: 10 GB of zeros", lambda path: sparse(path, b"1 1 0\n", 10 << 30), *DRAWINGS)
    hostile("strokes that never end", endless, *DRAWINGS)
    for format in ("unipen", "quickdraw", "inkml", "log"):
        commands = ["%s --format %s" % (command, format) for command in DRAWINGS]
        hostile("%s that never ends" % format, endless, *commands)
        hostile("%s of zeros" % format, lambda path: sparse(path, b"", ROOM), *commands)
