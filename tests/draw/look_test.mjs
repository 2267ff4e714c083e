// How the page looks in windows of all sizes, and what a screen reader hears of it.
import assert from "node:assert/strict";
import {writeFileSync} from "node:fs";
import {join} from "node:path";

import {canvasCorner, drawByMouse, placed} from "./drawings.mjs";
import {examples, opened, scratch, test, text} from "./support.mjs";

// What is wrong with how the page is laid out: parts that are cut off or lie on each other.
const layoutFaults = () => {
  const shown = [...document.querySelectorAll("h1, p, button, select, canvas, b, summary")].filter(
    (part) => part.offsetParent && !part.matches(".spoken, #hint") && part.textContent + part.tagName !== "P");
  const boxes = shown.map((part) => {
    const {left, top, right, bottom} = part.getBoundingClientRect();
    return {part, name: `${part.tagName} ${part.id} ${part.textContent.slice(0, 20)}`, left, top, right, bottom};
  });
  const faults = [];
  for (const a of boxes) {
    if (a.left < 0 || a.right > innerWidth) faults.push(`${a.name} is cut off at a side`);
    if (a.part.clientWidth > 0 && a.part.scrollWidth > a.part.clientWidth + 1)
      faults.push(`${a.name} is too wide for its box`);
    for (const b of boxes) {
      if (a === b || a.part.contains(b.part) || b.part.contains(a.part)) continue;
      const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (width > 1 && height > 1) faults.push(`${a.name} lies on ${b.name}`);
    }
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push("the page is wider than the window");
  return faults;
};

test("nothing overlaps or is cut off, and the canvas stays where it is", async (browser) => {
  for (const dark of [false, true]) {
    for (const width of [320, 400, 1280]) {
      const page = await opened(browser, {width, height: 800, dark, density: 2, touch: width < 500});
      const before = await canvasCorner(page);
      const size = Math.min(250, (width - 80) / 3);
      for (const [name, digits] of [["empty", []], ["digit", [5]], ["number", [2, 4, 0]]]) {
        await page.press("Escape");
        const strokes = digits.flatMap(
          (digit, place) => placed(examples[digit], 0.7 * size, 20 + 1.1 * size * place, 70));
        await drawByMouse(page, strokes);
        assert.deepEqual(await canvasCorner(page), before);
        assert.deepEqual(await page.evaluate(layoutFaults), []);
        await new Promise((resolve) => setTimeout(resolve, 150));
        writeFileSync(join(scratch, `${name}-${width}-${dark ? "dark" : "light"}.png`), await page.picture());
      }
      // All that may be there at once, in a window that is high enough for it.
      await page.send("Emulation.setDeviceMetricsOverride",
                      {width, height: 1500, deviceScaleFactor: 1, mobile: width < 500});
      await page.evaluate(() => {
        complain("a_network_with_a_rather_long_name.pth: is no zip archive, or is cut short: expected an end record");
        document.getElementById("model").textContent = "another_network_with_a_rather_long_name.safetensors";
        document.getElementById("built-in").hidden = false;
        document.querySelector("details").open = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 150));
      assert.deepEqual(await page.evaluate(layoutFaults), []);
      writeFileSync(join(scratch, `all-${width}-${dark ? "dark" : "light"}.png`), await page.picture());
      await page.close();
    }
  }
});

test("a screen reader is told what everything is, and nothing moves for those who want that", async (browser) => {
  const page = await opened(browser);
  await drawByMouse(page, placed(examples[0], 300, 100, 60));
  assert.match(await text(page, "status"), /^0\. .* sure$/);
  const {nodes} = await page.send("Accessibility.getFullAXTree");
  const named = (role) =>
    nodes.filter((node) => node.role?.value === role && !node.ignored).map((node) => node.name.value);
  assert.deepEqual(named("button"), ["Undo", "Clear", "Open…", "Save strokes"]);
  assert.deepEqual(named("combobox"), ["Format of saved strokes"]);
  assert.deepEqual(named("application"), ["Canvas"]);
  assert.deepEqual(named("image"), ["What the network sees of digit 1"]);
  assert.equal(named("status").length, 1);
  assert.match(nodes.find((node) => node.role?.value === "application").description?.value, /arrow keys move the pen/);
  const transition = () => page.evaluate(
    "getComputedStyle(document.querySelector('.probabilities i'), '::after').transitionDuration");
  assert.equal(await transition(), "0.08s");
  await page.send("Emulation.setEmulatedMedia", {features: [{name: "prefers-reduced-motion", value: "reduce"}]});
  assert.equal(await transition(), "0s");
  await page.close();
});
