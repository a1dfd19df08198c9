// Says which stretches of the marked module (marks.mjs) run until the page can be used and in the first things that are done
// with it: node ran.mjs SITE in.wasm MARKED.wasm ran.json KINDS [NAME=later.wasm…]. The site is the released one; only its module is
// replaced, and what was split off before is there under its name (`rest`, `open`). KINDS are of the visits that count.
//
// Time of these pages passes by whole frames, when it is told to (clock.mjs), so the same module gives the same stretches.
import { readFileSync, writeFileSync } from "node:fs";
import { launch, serve } from "../../../tests/js/browser.mjs";
import { linkTo } from "../../../tests/js/link.mjs";
import { ownTime, pass } from "./clock.mjs";
import { place } from "./marks.mjs";
import { pack } from "./pack.mjs";
import { parse } from "./wasm.mjs";

const [folder, plain, marked, out, kinds, ...later] = process.argv.slice(2);
const { from, count } = place(parse(readFileSync(plain)));
const site = await serve(folder);
const browser = await launch();

const LAPTOP = { width: 1366, height: 768 }, PHONE = { width: 390, height: 844 };
const FRAME = { width: 800, height: 500 }, LOW_FRAME = { width: 390, height: 420 }, WIDE_FRAME = { width: 1120, height: 700 };
const AROUND = "?ui=embed&theme=light&origin=https%3A%2F%2Fcourse.example", EMBED = `${AROUND}&panels=timeline,terminal`;
const LINK = linkTo({
  title: "Records, and a broker that died", seed: 5, cluster: { brokers: 3, controllers: 3 },
  commands: [
    { at: "0ms", term: 1, run: "kafka-topics --bootstrap-server :9092 --create --topic orders --partitions 3 --replication-factor 3" },
    { at: "1s", term: 1, run: "kafka-console-producer --bootstrap-server :9092 --topic orders" },
    { at: "1s", term: 2, run: "kafka-console-consumer --bootstrap-server :9092 --topic orders --from-beginning" },
    { at: "2s", term: 1, run: "one" },
    { at: "3s", term: 3, run: "kafka-verifiable-producer --bootstrap-server :9092 --topic orders --throughput 100" },
    { at: "5s", term: 4, run: "sim kill broker 1" },
  ],
}, 8_000);

// What a visitor does in the first seconds: looks, on several sizes of screen; plays, pauses, steps. What an embedded page runs in
// the first second of play comes with it; what it runs in the second one comes next, as a page of its own runs that. A machine of
// which each look at the clock shows 3 ms more runs into every bound of real time that the page sets itself.
const QUICK = 0.01, SLOW = 3, REAL = null, SECOND = 60;
const look = () => {};
const VISITS = [
  { kind: "page", viewport: LAPTOP, does: (page) => play(page, 2 * SECOND) },
  { kind: "page", viewport: LAPTOP, does: (page) => play(page, 2 * SECOND), costs: SLOW },
  { kind: "page", viewport: PHONE, does: look },
  { kind: "embed", viewport: FRAME, address: EMBED, does: play },
  // As who embeds it says least, so that the theme is the system's; and in real time, in which a browser tells of more than it does
  // in ours.
  { kind: "embed", viewport: FRAME, address: "?ui=embed", does: look },
  { kind: "embed", viewport: FRAME, address: "?ui=embed", does: (page) => page.waitForTimeout(1_000), costs: REAL },
  { kind: "page", viewport: LAPTOP, does: (page) => page.waitForTimeout(1_000), costs: REAL },
  ...["minimal", "none"].map((ui) => ({ kind: "embed", viewport: FRAME, address: `?ui=${ui}`, does: play })),
  // What depends on how large things are, and on the theme.
  ...[[760, 480], [640, 360], [560, 640], [1000, 620]].map(([width, height], i) =>
    ({ kind: "embed", viewport: { width, height }, address: "?ui=embed", does: look, colorScheme: i % 2 ? "light" : "dark" })),
  ...[[1920, 1080], [768, 1024], [1024, 700]].map(([width, height]) =>
    ({ kind: "page", viewport: { width, height }, does: look, colorScheme: "dark" })),
  { kind: "embed", viewport: LOW_FRAME, address: EMBED, does: look },
  { kind: "embed", viewport: WIDE_FRAME, address: EMBED, does: look },
  // What a lesson, a link or a file begins with, in another page and in one of its own; of lessons up to the first command.
  ...["producer-consumer", "load", "lost-ack", "acks-grid", "playground"].map((id) =>
    ({ kind: "open", viewport: WIDE_FRAME, address: `${AROUND}&lesson=${id}`, does: learn })),
  { kind: "open", viewport: LAPTOP, address: "#lesson=lost-ack", does: learn, costs: SLOW },
  { kind: "open", viewport: PHONE, address: "?lesson=load&step=2&done=1&lock=3&autoplay=1&speed=0.01&readonly=1&motion=reduced", does: look },
  { kind: "open", viewport: FRAME, address: `${EMBED}${LINK}`, does: play },
  { kind: "open", viewport: LAPTOP, address: LINK, does: play },
  { kind: "open", viewport: FRAME, address: `${EMBED}&seed=3`, does: play },
];

async function play(page, frames = SECOND) {
  await page.locator(".stage").first().press("Space");
  await page.evaluate(pass, frames);
  await page.locator(".stage").first().press("Space");
  await page.locator(".stage").first().press(".");
  await page.evaluate(pass, 20);
}

async function learn(page) {
  await play(page);
  while (await page.locator(".cmd").count() === 0) {
    await page.getByRole("button", { name: "Next step" }).click();
    await page.evaluate(pass, 5);
  }
  await page.locator(".cmd").first().click();
  await page.evaluate(pass, 5);
  await page.keyboard.press("Enter");
  await page.evaluate(pass, 60);
}

// The numbers of the stretches that run in a visit.
async function visit({ viewport, address = "", does, costs = QUICK, colorScheme = "light" }) {
  const context = await browser.newContext({ viewport, colorScheme, serviceWorkers: "block" }), page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  const give = (body, contentType = "application/wasm") => (route) => route.fulfill({ body, contentType });
  await page.route("**/*.wasm*", give(readFileSync(marked)));
  for (const [name, file] of later.map((given) => given.split("="))) {
    await page.route(`**/${name}.wasm*`, give(pack(readFileSync(file))));
  }
  const named = later.map((given) => given.split("=")[0]).map((name) => ` data-${name}="${name}.wasm"`).join("");
  const index = readFileSync(`${folder}/index.html`, "utf8").replace(" data-wasm=", `${named} data-wasm=`);
  await page.route((url) => url.pathname === "/", give(index, "text/html"));
  await page.addInitScript(() => {
    for (const name of ["instantiate", "instantiateStreaming"]) {
      const original = WebAssembly[name];
      WebAssembly[name] = async (...given) => {
        const made = await original.apply(WebAssembly, given), instance = made.instance ?? made;
        if (instance.exports.memory) globalThis.marks = instance.exports.memory;
        return made;
      };
    }
  });
  if (costs !== REAL) await page.addInitScript(ownTime, costs);
  await page.goto(site.url + address);
  await page.locator(".app").first().waitFor();
  if (costs !== REAL) await page.evaluate(pass, 30);
  await does(page);
  if (faults.length) throw new Error(`the page failed: ${faults}`);
  const found = await page.evaluate(([from, count]) => {
    const marks = new Uint8Array(globalThis.marks.buffer, from, count);
    return Array.from(marks.keys()).filter((i) => marks[i]);
  }, [from, count]);
  await context.close();
  return found;
}

const ran = new Set(), counted = kinds.split(",");
for (const one of VISITS.filter(({ kind }) => counted.includes(kind))) (await visit(one)).forEach((index) => ran.add(index));
await browser.close();
site.close();
writeFileSync(out, JSON.stringify([...ran].sort((a, b) => a - b)));
