// How the page opens, from disk and from a server.
import assert from "node:assert/strict";
import {readFileSync, statSync} from "node:fs";
import {createServer} from "node:http";

import {drawByMouse, placed} from "./drawings.mjs";
import {best, examples, exhaustive, file, median, opened, test, url} from "./support.mjs";

test("opened from disk it is small, quick and asks for nothing", async (browser) => {
  assert(statSync(file).size < 1.5e6);
  const page = await browser.open("about:blank");
  const requests = [];
  await page.send("Network.enable");
  browser.listen(page.session, "Network.requestWillBeSent", ({request}) => requests.push(request.url.slice(0, 60)));
  // Draws a stroke as soon as the page can be drawn on, and notes when it is answered.
  await page.send("Page.addScriptToEvaluateOnNewDocument", {source: `
    addEventListener("DOMContentLoaded", () => {
      const answered = new MutationObserver(() => {
        if (/^[0-9?]/.test(document.getElementById("answer").textContent)) window.firstAnswer ??= performance.now();
      });
      answered.observe(document.getElementById("answer"), {childList: true, characterData: true, subtree: true});
      const canvas = document.getElementById("canvas");
      const {left, top} = canvas.getBoundingClientRect();
      for (let i = 0; i <= 20; ++i)
        canvas.dispatchEvent(new PointerEvent(i === 0 ? "pointerdown" : "pointermove",
          {clientX: left + 100, clientY: top + 50 + 10 * i, pointerId: 7, isPrimary: true, button: 0}));
    });`});
  const times = [];
  for (let i = 0; i < 5; ++i) {
    await page.send("Page.navigate", {url});
    await page.until("window.firstAnswer > 0");
    times.push(await page.evaluate("window.firstAnswer"));
  }
  console.log(`  ${statSync(file).size} bytes; the first answer after ${median(times).toFixed(0)} ms (median of 5)`);
  assert(!exhaustive || median(times) < 300);
  assert.deepEqual([...new Set(requests)].filter((request) => !request.startsWith("data:")), [url.slice(0, 60)]);
  await page.close();
});

test("it works from a server of static files", async (browser) => {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(200, {"Content-Type": "text/html"}).end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const page = await opened(browser, {}, `http://127.0.0.1:${server.address().port}/draw.html`);
  await drawByMouse(page, placed(examples[9], 300, 100, 60));
  assert.equal(await best(page), "9");
  assert.deepEqual(asked, ["/draw.html"]);
  await page.close();
  server.close();
});
