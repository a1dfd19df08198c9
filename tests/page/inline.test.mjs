// The page as a part of another page, without a frame: `<kafka-sim mode="inline">` and `mount()`. It answers clicks and keys, and
// neither side changes the other: styles, keys, address, title, storage.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessibilityFaults, otherSite, output, prompt, run, tab, visitTheSite } from "../js/visitor.mjs";

visitTheSite();

// A page of another origin whose own styles would spoil anything they reach, and which listens to every key.
const course = (body) => (site) => {
  const origin = new URL(site).origin;
  return {
    headers: { "content-security-policy": `default-src 'none'; style-src 'unsafe-inline'; script-src ${origin} 'unsafe-inline' 'wasm-unsafe-eval'; connect-src ${origin}; img-src data:` },
    html: `<!doctype html><html lang="en"><title>A course</title>
      <style>html { font: italic 40px/3 serif; color: rgb(200, 0, 0) } button { display: none } .app, .stage { outline: 9px solid red }
        kafka-sim { letter-spacing: 9px; text-transform: uppercase; width: 1000px; aspect-ratio: auto; height: 625px } .narrow { width: 420px; height: 700px }</style>
      <body><h1>A course</h1><p id="text" class="btn">text</p><input id="field">${body}
      <script>keys = []; addEventListener("keydown", (e) => keys.push(e.key));</script>
      <script type="module" src="${site}embed.js"></script>`,
  };
};

async function inCourse(body, act, options = { viewport: { width: 1366, height: 1500 } }) {
  const other = await otherSite({ "/course.html": course(body) });
  const { page, close } = await tab(`${other.url.replace("/nothing/", "/")}course.html`, options);
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  try {
    await act(page, other);
    assert.deepEqual(wrong, []);
  } finally {
    await close();
    other.close();
  }
}

const ready = (page) => page.evaluate(() => Promise.all([...document.querySelectorAll("kafka-sim")].map((sim) => sim.ready())));
const state = (page, i = 0) => page.evaluate((i) => document.querySelectorAll("kafka-sim")[i].getState(), i);
const moment = (page) => page.getByLabel("Moment").first().getAttribute("aria-valuetext");
const INLINE = '<kafka-sim mode="inline" theme="light"></kafka-sim>';

test("inline, it draws without a frame and answers clicks, keys, commands and calls", async () => {
  await inCourse(INLINE, async (page) => {
    await ready(page);
    assert.equal(page.frames().length, 1, "there is a frame");
    await run(page, "kafka-topics --bootstrap-server :9092 --create --topic inline --partitions 2");
    await page.evaluate(() => document.querySelector("kafka-sim").advance(2_000));
    await output(page).getByText("Created topic inline.").waitFor();

    const before = await moment(page);
    await page.locator(".stage").press(".");
    await page.waitForFunction((before) => document.querySelector("kafka-sim").shadowRoot.querySelector('[aria-label="Moment"]').getAttribute("aria-valuetext") !== before, before);
    await page.getByRole("button", { name: /^Play/ }).first().click();
    await page.waitForFunction(() => document.querySelector("kafka-sim").playing);
    await page.locator(".stage").press("Space");
    await page.waitForFunction(() => !document.querySelector("kafka-sim").playing);
    assert.ok((await state(page)).clock > 0);
    const svg = await page.evaluate(() => document.querySelector("kafka-sim").snapshot("svg"));
    assert.match(svg, /^<svg.*broker-1/s);
  });
});

test("inline, neither page changes the other: styles, keys, address, title, storage", async () => {
  await inCourse(INLINE, async (page) => {
    const around = () => page.evaluate(() => ({
      text: ["font", "color", "padding", "backgroundColor"].map((name) => getComputedStyle(document.getElementById("text"))[name]),
      body: ["margin", "backgroundColor", "overflow", "height"].map((name) => getComputedStyle(document.body)[name]),
      root: document.documentElement.getAttributeNames(), title: document.title, address: location.href, kept: localStorage.length,
      sheets: document.styleSheets.length + document.adoptedStyleSheets.length,
      globals: Object.keys(globalThis).filter((name) => /kafka/i.test(name)),
    }));
    const before = await around();
    await ready(page);
    await page.getByRole("button", { name: "Share" }).count();
    await page.evaluate(() => document.querySelector("kafka-sim").load({ lesson: "lost-ack" }));
    await page.evaluate(() => document.querySelector("kafka-sim").load({}));
    assert.deepEqual(await around(), before);

    const play = page.getByRole("button", { name: /^Play/ }).first();
    const inside = await play.evaluate((button) => {
      const style = getComputedStyle(button), app = getComputedStyle(button.closest(".app"));
      return { display: style.display, spacing: style.letterSpacing, transform: style.textTransform, font: app.fontSize, slant: app.fontStyle, outline: app.outlineStyle };
    });
    assert.notEqual(inside.display, "none");
    assert.deepEqual(inside, { ...inside, spacing: "normal", transform: "none", font: "13px", slant: "normal", outline: "none" });

    // What is typed outside is not ours; what is typed into our fields is not the page's.
    const there = await moment(page);
    await page.locator("#field").press(".");
    await page.locator("body").press("Space");
    assert.equal(await moment(page), there);
    await page.evaluate(() => { keys.length = 0; });
    await prompt(page).pressSequentially("ls .");
    await page.locator(".stage").press(".");
    assert.deepEqual(await page.evaluate(() => keys), []);
  });
});

test("inline, two runs stand on one page, each its own, and one plays at a time", async () => {
  await inCourse(INLINE + '<kafka-sim mode="inline" lesson="lost-ack"></kafka-sim>', async (page) => {
    await ready(page);
    const titles = [await state(page, 0), await state(page, 1)].map(({ title, lesson }) => [title, lesson?.id]);
    assert.notDeepEqual(titles[0], titles[1]);
    assert.equal(titles[1][1], "lost-ack");
    const playing = await page.evaluate(async () => {
      const sims = [...document.querySelectorAll("kafka-sim")];
      await sims[0].advance(1_000);
      for (const sim of sims) await sim.play();
      for (let i = 0; i < 100 && sims[0].playing; i++) await new Promise((r) => setTimeout(r, 50));
      return sims.map((sim) => sim.playing);
    });
    assert.deepEqual(playing, [false, true]);
    assert.notEqual((await state(page, 0)).clock, (await state(page, 1)).clock);
  });
});

test("inline, the width of the element decides, not the window's, and axe finds nothing", async () => {
  await inCourse('<kafka-sim mode="inline" class="narrow" lesson="lost-ack"></kafka-sim>', async (page) => {
    await ready(page);
    await page.getByRole("tab", { name: "Terminal" }).waitFor();
    const [inside, outside] = await page.locator("kafka-sim").evaluate((sim) => [
      [...sim.shadowRoot.querySelectorAll(".app, .stage-zone, .time")].map((part) => part.getBoundingClientRect().right), sim.getBoundingClientRect().right]);
    assert.ok(inside.every((right) => right <= outside + 1), `${inside} is beyond ${outside}`);
    const faults = await accessibilityFaults(page);
    assert.deepEqual(faults.filter((fault) => /kafka-sim/.test(fault)), []);
  }, { viewport: { width: 1366, height: 1000 }, bypassCSP: true });
});

test("mount() puts a run into an element; away it ends, back it starts anew; what cannot be is said", async () => {
  await inCourse('<div id="here"></div>', async (page, other) => {
    const module = await page.evaluate(() => document.querySelector("script[type=module]").src);
    const found = await page.evaluate(async (module) => {
      const { mount } = await import(module), here = document.getElementById("here");
      const why = (promise) => promise.then(() => "nothing", (e) => `${e.name}: ${e.message}`);
      const wrong = await why(mount(here, { colour: "red" }));
      const sim = await mount(here, { ui: "minimal", speed: 0.002, theme: "dark" });
      await sim.api(1).play();
      const { title } = await sim.getState(), asked = sim.snapshot("png");
      await asked;
      sim.remove();
      await new Promise((r) => setTimeout(r, 100));
      const ended = [sim.status, sim.shadowRoot.querySelector(".app")];
      here.append(sim);
      await sim.ready();
      return { wrong, title, ended, again: (await sim.getState()).playing, frames: frames.length };
    }, module);
    assert.match(found.wrong, /TypeError: there is no option `colour`/);
    assert.ok(found.title.length > 3);
    assert.deepEqual([found.ended, found.again, found.frames], [["idle", null], false, 0]);

    await page.route("**/index.html*", (route) => route.fulfill({ status: 404, body: "" }));
    const failed = await page.evaluate(async (module) => {
      const { mount } = await import(module);
      let told;
      addEventListener("sim-error", (e) => { told = e.detail.text; });
      return [await mount(document.body, {}).then(() => "nothing", (e) => e.message), told];
    }, module);
    assert.match(failed[0], /index\.html answers 404/);
    assert.equal(failed[1], failed[0]);
  });
});
