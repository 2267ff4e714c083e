// Chromium without a window, driven by its DevTools protocol over a pipe: messages are JSON, each ended by a 0 byte. No
// package is needed for that.
import {spawn} from "node:child_process";
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";

export class Browser {
  #process;
  #profile = mkdtempSync(join(tmpdir(), "nib-chromium-"));
  #waiting = new Map();  // by the number of a message: what its answer settles
  #listeners = [];
  #number = 0;
  #received = [];

  constructor(program) {
    this.#process = spawn(program, [
      "--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--disable-gpu", "--no-first-run",
      "--hide-scrollbars",
      // Shared memory is small in containers.
      "--disable-dev-shm-usage",
      "--disable-background-networking", "--force-color-profile=srgb", `--user-data-dir=${this.#profile}`,
      "about:blank",
    ], {stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"]});
    this.#process.on("exit", () => {
      for (const {reject} of this.#waiting.values()) reject(new Error("Chromium ended"));
    });
    this.#process.stdio[4].on("data", (bytes) => this.#receive(bytes));
  }

  // A page with the file or address, of a width and height in CSS pixels.
  async open(url, {width = 1280, height = 800, dark = false, density = 1, touch = false} = {}) {
    const {targetId} = await this.send("Target.createTarget", {url: "about:blank"});
    const {sessionId} = await this.send("Target.attachToTarget", {targetId, flatten: true});
    const page = new Page(this, sessionId, targetId);
    await page.send("Inspector.enable");
    await page.send("Page.enable");
    await page.send("Runtime.enable");
    await page.send("Log.enable");
    await page.send("Emulation.setDeviceMetricsOverride", {width, height, deviceScaleFactor: density, mobile: touch});
    if (touch) await page.send("Emulation.setTouchEmulationEnabled", {enabled: true});
    await page.send("Emulation.setEmulatedMedia",
                    {features: [{name: "prefers-color-scheme", value: dark ? "dark" : "light"}]});
    const {errorText} = await page.send("Page.navigate", {url});
    if (errorText) throw new Error(`${url}: ${errorText}`);
    return page;
  }

  send(method, params = {}, sessionId = undefined) {
    const id = ++this.#number;
    this.#process.stdio[3].write(`${JSON.stringify({id, method, params, sessionId})}\0`);
    return new Promise((resolve, reject) => this.#waiting.set(id, {resolve, reject, method}));
  }

  listen(sessionId, method, call) { this.#listeners.push({sessionId, method, call}); }

  async close() {
    const ended = new Promise((resolve) => this.#process.on("exit", resolve));
    this.send("Browser.close").catch(() => {});
    await ended;
    rmSync(this.#profile, {recursive: true, force: true, maxRetries: 5});
  }

  #receive(bytes) {
    let first = 0;
    for (let end; (end = bytes.indexOf(0, first)) >= 0; first = end + 1) {
      this.#received.push(bytes.subarray(first, end));
      this.#handle(JSON.parse(Buffer.concat(this.#received).toString()));
      this.#received = [];
    }
    this.#received.push(bytes.subarray(first));
  }

  #handle(message) {
    if (message.id === undefined) {
      for (const {sessionId, method, call} of this.#listeners)
        if (sessionId === message.sessionId && method === message.method) call(message.params);
      return;
    }
    const {resolve, reject, method} = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error) reject(new Error(`${method}: ${message.error.message}`));
    else resolve(message.result);
  }
}

export class Page {
  complaints = [];  // what the console has of errors and warnings

  constructor(browser, session, target) {
    this.browser = browser;
    this.session = session;
    this.target = target;
    const complain = (text) => this.complaints.push(text);
    browser.listen(session, "Inspector.targetCrashed", () => complain("the page crashed"));
    browser.listen(session, "Runtime.exceptionThrown", ({exceptionDetails: details}) =>
      complain(details.exception?.description ?? details.text));
    browser.listen(session, "Runtime.consoleAPICalled", ({type, args}) => {
      if (type === "error" || type === "warning") complain(args.map((arg) => arg.value ?? arg.description).join(" "));
    });
    browser.listen(session, "Log.entryAdded", ({entry}) => {
      if (entry.level === "error" || entry.level === "warning") complain(`${entry.text} ${entry.url ?? ""}`);
    });
  }

  send(method, params = {}) { return this.browser.send(method, params, this.session); }

  // The value of an expression, or what a function gives for JSON arguments; promises are waited for.
  async evaluate(code, ...args) {
    const expression = typeof code === "function" ? `(${code})(...${JSON.stringify(args)})` : code;
    const {result, exceptionDetails} =
      await this.send("Runtime.evaluate", {expression, awaitPromise: true, returnByValue: true});
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  // Until the expression is true. Looks are counted, since a clock also runs while a busy machine does nothing for us.
  async until(expression, looks = 2000) {
    for (let i = 0; i < looks; ++i) {
      if (await this.evaluate(expression).catch(() => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const state = await this.evaluate("document.readyState + ' ' + location.href").catch((error) => error.message);
    throw new Error(`${expression} has not become true: ${state} ${this.complaints.join("; ")}`);
  }

  // A key with its modifiers, such as "Control+z", "ArrowDown" or " ".
  async press(keys) {
    const [key, ...modifiers] = keys.split("+").reverse();
    const bits = {Alt: 1, Control: 2, Meta: 4, Shift: 8};
    const event = {key, code: key === " " ? "Space" : key,
                   modifiers: modifiers.reduce((sum, name) => sum + bits[name], 0),
                   windowsVirtualKeyCode: {Tab: 9, Enter: 13, Escape: 27, " ": 32}[key] ?? 0};
    const text = key === "Enter" ? "\r" : key === " " ? " " : undefined;
    await this.send("Input.dispatchKeyEvent", {type: text ? "keyDown" : "rawKeyDown", text, ...event});
    await this.send("Input.dispatchKeyEvent", {type: "keyUp", ...event});
  }

  // A PNG of the window, or of a part of it.
  async picture(clip = undefined) {
    const {data} = await this.send("Page.captureScreenshot", {clip});
    return Buffer.from(data, "base64");
  }

  async close() { await this.browser.send("Target.closeTarget", {targetId: this.target}); }
}
