// Says which stretches of the marked module (marks.mjs) run until the page can be used and in the first things that are
// done with it: node ran.mjs SITE in.wasm MARKED.wasm ran.json [rest.wasm]. The site is the released one; only its module is
// replaced. With a rest, the module is what all visitors need first, and stretches are those that an embedded page runs.
import { readFileSync, writeFileSync } from "node:fs";
import { launch, serve } from "../../../tests/js/browser.mjs";
import { place } from "./marks.mjs";
import { parse } from "./wasm.mjs";

const [folder, plain, marked, out, rest] = process.argv.slice(2);
const { from, count } = place(parse(readFileSync(plain)));
const site = await serve(folder);
const browser = await launch();
const ran = new Set();

// What a visitor does in the first seconds: looks, on two sizes of screen; plays, pauses, steps. In another page the same.
const EMBEDDED = "?ui=embed&panels=timeline,terminal&theme=light&origin=https%3A%2F%2Fcourse.example";
const VISITS = [
  { viewport: { width: 1366, height: 768 }, does: play },
  { viewport: { width: 390, height: 844 }, does: async () => {} },
  { viewport: { width: 800, height: 500 }, parameters: EMBEDDED, does: play },
  { viewport: { width: 390, height: 420 }, parameters: EMBEDDED, does: async () => {} },
  { viewport: { width: 1120, height: 700 }, parameters: EMBEDDED, does: async () => {} },
];

async function play(page) {
  await page.locator(".stage").first().press("Space");
  await page.waitForTimeout(2_000);
  await page.locator(".stage").first().press("Space");
  await page.locator(".stage").first().press(".");
  await page.waitForTimeout(300);
}

for (const { viewport, parameters = "", does } of VISITS.filter(({ parameters }) => parameters || !rest)) {
  const page = await (await browser.newContext({ viewport, serviceWorkers: "block" })).newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  const give = (file, contentType = "application/wasm") => (route) => route.fulfill({ body: readFileSync(file), contentType });
  await page.route("**/*.wasm", give(marked));
  if (rest) {
    await page.route("**/rest.wasm", give(rest));
    const withRest = readFileSync(`${folder}/index.html`, "utf8").replace(" data-wasm=", ' data-rest="rest.wasm" data-wasm=');
    await page.route((url) => url.pathname === "/", (route) => route.fulfill({ body: withRest, contentType: "text/html" }));
  }
  await page.addInitScript(() => {
    for (const name of ["instantiate", "instantiateStreaming"]) {
      const original = WebAssembly[name];
      WebAssembly[name] = async (...given) => {
        const made = await original.apply(WebAssembly, given);
        globalThis.marks = (made.instance ?? made).exports;
        return made;
      };
    }
  });
  await page.goto(site.url + parameters);
  await page.locator(".app").first().waitFor();
  await page.waitForTimeout(500);
  await does(page);
  if (faults.length) throw new Error(`the page failed: ${faults}`);
  const found = await page.evaluate(([from, count]) => {
    const marks = new Uint8Array(globalThis.marks.memory.buffer, from, count);
    return Array.from(marks.keys()).filter((i) => marks[i]);
  }, [from, count]);
  found.forEach((index) => ran.add(index));
}
await browser.close();
site.close();
writeFileSync(out, JSON.stringify([...ran].sort((a, b) => a - b)));
