// Makes the pictures of examples/draw.md and of the README, of digits that nib drew:
//     pictures.mjs PAGE CHROMIUM examples/draw
import {writeFileSync} from "node:fs";
import {dirname, join, resolve} from "node:path";
import {fileURLToPath, pathToFileURL} from "node:url";

import {Browser} from "./browser.mjs";
import {drawByMouse, drawByTouch, placed, readDrawings} from "./drawings.mjs";

const [page, chromium, folder] = process.argv.slice(2, 5);
const drawings = readDrawings(join(dirname(fileURLToPath(import.meta.url)), "../../examples/ink/drawings.ndjson"));
const drawing = (label, which = 0) => drawings.filter((drawing) => drawing.label === label)[which];

// Of the page's upper `height` pixels.
async function picture(browser, name, options, draw, height = options.height) {
  const opened = await browser.open(pathToFileURL(resolve(page)).href, options);
  await opened.until(`document.getElementById("model")?.textContent.length > 0`);
  await draw(opened);
  await opened.send("Input.dispatchMouseEvent", {type: "mouseMoved", x: 1, y: 1});
  await new Promise((resolve) => setTimeout(resolve, 300));  // until the columns stand still
  writeFileSync(join(folder, name), await opened.picture({x: 0, y: 0, width: options.width, height, scale: 1}));
}

const browser = new Browser(chromium);
try {
  await picture(browser, "wide.png", {width: 1060, height: 640}, async (page) => {
    let left = 35;
    for (const digit of [drawing("4"), drawing("0", 2), drawing("7")]) {
      const strokes = placed(digit, 180, left, 130);
      await drawByMouse(page, strokes);
      left = 35 + Math.max(...strokes.flat().map(([x]) => x));
    }
  }, 604);
  await picture(browser, "phone.png", {width: 360, height: 800, dark: true, touch: true},
                (page) => drawByTouch(page, placed(drawing("3"), 210, 80, 50)), 780);
} finally {
  await browser.close();
}
