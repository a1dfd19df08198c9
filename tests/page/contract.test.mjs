// The contract of the embedded page beyond the first steps: runs from an address, snapshots, options, versioned methods.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { open, otherSite, tab, visitTheSite } from "../js/visitor.mjs";

visitTheSite();

const SCENARIO = JSON.stringify({ kafkasim: 1, title: "From afar", seed: 3, cluster: { brokers: 2, controllers: 1 }, topics: [{ name: "afar", partitions: 1, replication_factor: 2 }] });
const LESSON = "---\nid: far\ntitle: A lesson from afar\ncluster: {\"brokers\": 1, \"controllers\": 1}\n---\n\n# A lesson from afar\n\n```check\nIt runs :: running(\"broker-1\")\n```\n";

// A host of files, each `{ status, body, cors }`; a path that is not among them never answers.
async function files(list) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    const file = list[request.url];
    if (!file) return;
    response.writeHead(file.status ?? 200, { "content-type": "text/plain", ...(file.cors === false ? {} : { "access-control-allow-origin": "*" }) }).end(file.body ?? "");
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { url: `http://127.0.0.1:${server.address().port}`, asked, close: () => { server.closeAllConnections(); server.close(); } };
}

test("an address opens a scenario or a lesson of another site, once the reader agrees", async () => {
  const host = await files({ "/s.json": { body: SCENARIO }, "/l.md": { body: LESSON } });
  for (const [path, says] of [["/s.json", "From afar"], ["/l.md", "A lesson from afar"]]) {
    const { page, close } = await open({ fragment: `#url=${encodeURIComponent(host.url + path)}`, ready: ".boot" });
    await page.getByText("This link opens a run from another site:").waitFor();
    await page.getByText(host.url + path).waitFor();
    assert.equal(host.asked.filter((asked) => asked === path).length, 0, "nothing is asked for before");
    await page.getByRole("button", { name: "Open it" }).click();
    await page.locator(".app").waitFor();
    await page.getByText(says).first().waitFor();
    await close();
  }
  const { page, close } = await open({ fragment: `#url=${encodeURIComponent(`${host.url}/s.json`)}`, ready: ".boot" });
  const before = host.asked.length;
  await page.getByRole("button", { name: "Rather not" }).click();
  await page.locator(".app").waitFor();
  await page.getByText("A live cluster.").first().waitFor();
  assert.equal(host.asked.length, before);
  await close();
  host.close();
});

test("an address that cannot be opened says why: no address, no http, missing, closed to other sites, too much, too slow, no scenario", { timeout: 120_000 }, async () => {
  const host = await files({ "/gone": { status: 404 }, "/closed": { body: SCENARIO, cors: false }, "/big": { body: "x".repeat(300_000) }, "/page": { body: "<!doctype html>" } });
  const cases = [["http://", /is no address/], ["ftp://x.example/y", /only http and https/], [`${host.url}/gone`, /answers 404/], [`${host.url}/closed`, /Access-Control-Allow-Origin/],
    [`${host.url}/big`, /more than 256 KB/], [`${host.url}/page`, /cannot be opened/], [`${host.url}/silent`, /did not answer in 10 s/]];
  for (const [address, says] of cases) {
    const { page, close } = await open({ fragment: `#url=${encodeURIComponent(address)}`, ready: ".boot" });
    const ask = page.getByRole("button", { name: "Open it" });
    const said = page.locator("#boot-text, [role=alert]").filter({ hasText: says });
    await ask.or(said).first().waitFor();
    if (await ask.isVisible()) await ask.click();
    await said.first().waitFor();
    await close();
  }
  host.close();
});

// The element on a page of another origin.
async function embedded(attributes, act) {
  const other = await otherSite({ "/host.html": (site) => ({ headers: {}, html: `<!doctype html><html lang="en"><title>x</title><kafka-sim ${attributes}></kafka-sim><script type="module" src="${site}embed.js"></script>` }) });
  const { page, close } = await tab(`${other.url.replace("/nothing/", "/")}host.html`, { viewport: { width: 1100, height: 800 } });
  try {
    await act(page.locator("kafka-sim"), page);
  } finally {
    await close();
    other.close();
  }
}

test("a snapshot is the engine's own fields, or the stage as a picture that needs nothing else", async () => {
  await embedded('theme="light"', async (sim, page) => {
    const json = await sim.evaluate((element) => element.snapshot());
    assert.deepEqual(json.brokers.map((broker) => broker.id), [1, 2, 3]);
    assert.equal(json.now_ns / 1e6, (await sim.evaluate((element) => element.getState())).clock);
    const svg = await sim.evaluate((element) => element.snapshot("svg"));
    assert.match(svg, /^<svg.*Broker 3.*orders/s);
    assert.doesNotMatch(svg.replaceAll(/xmlns(:\w+)?="[^"]*"/g, ""), /(src|href)="(?!data:)|url\((?!#|"#|data:)/, "nothing is loaded from elsewhere");
    const png = await sim.evaluate((element) => element.snapshot("png"));
    const [width, colours] = await page.evaluate(async (data) => {
      const image = new Image();
      image.src = data;
      await image.decode();
      const paint = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height }).getContext("2d");
      paint.drawImage(image, 0, 0);
      const { data: pixels } = paint.getImageData(0, 0, image.width, image.height);
      const colours = new Set();
      for (let i = 0; i < pixels.length; i += 40) colours.add(pixels[i] << 16 | pixels[i + 1] << 8 | pixels[i + 2]);
      return [image.width, [...colours]];
    }, png);
    assert.ok(width > 1000, `${width} pixels wide`);
    assert.ok(colours.includes(0x56b4e9), "records have the colour of their epoch");
    const why = await sim.evaluate((element) => element.snapshot("pdf").catch((e) => e.message));
    assert.match(why, /json, svg and png/);
  });
});

test("options change while it runs, progress is taken over, and the element knows state, time and status", async () => {
  await embedded('lesson="lost-ack" locale="de" log="none" fullscreen="1" panels="story,timeline"', async (sim, page) => {
    await sim.evaluate((element) => element.ready());
    const inside = page.frames()[1];
    await inside.locator("html[lang=de]").waitFor();
    await inside.locator('.rail [role="tab"][aria-selected="true"]').getByText("Ereignisse").waitFor();
    await inside.getByRole("button", { name: "Full screen" }).waitFor();
    assert.deepEqual((await sim.evaluate((element) => element.getState())).warnings, []);
    await sim.evaluate((element) => element.options({ theme: "light", speed: 1 }));
    await inside.locator("html[data-theme=light]").waitFor();
    assert.match(await sim.evaluate((element) => element.options({ seed: 4 }).catch((e) => e.message)), /`seed` cannot be changed/);
    await sim.evaluate((element) => element.setProgress([1, 2]));
    assert.deepEqual((await sim.evaluate((element) => element.getState())).lesson.done.slice(0, 2), [1, 2]);
    assert.equal(await sim.evaluate((element) => element.status), "paused");
    const [time, state] = await sim.evaluate(async (element) => {
      await element.advance(1500);
      for (let i = 0; i < 100 && element.time < 1500; i++) await new Promise((r) => setTimeout(r, 50));
      return [element.time, element.state];
    });
    assert.equal(time, 1500);
    await sim.evaluate(async (element, link) => {
      await element.advance(2000);
      element.state = link;
      for (let i = 0; i < 100 && element.time !== 1500; i++) await new Promise((r) => setTimeout(r, 50));
    }, state);
    assert.equal((await sim.evaluate((element) => element.getState())).clock, 1500);
    await inside.getByRole("button", { name: "Ein Ereignis weiter", exact: true }).click();
    assert.equal(await inside.locator('p[aria-live="polite"]').allInnerTexts().then((texts) => texts.join("")), "", "log=none announces nothing");
  });
});

test("the element's methods are versioned: api(1) is theirs for good, and no other version is promised", async () => {
  await embedded("", async (sim) => {
    const found = await sim.evaluate(async (element) => {
      const api = element.api(1);
      const heard = [];
      await api.on(/is killed|is fenced|\bkilled\b/, (event) => heard.push(event.text));
      await api.on("alarm", (event) => heard.push(event.level));
      await api.run("sim kill broker 1");
      await api.advance(15_000);
      for (let i = 0; i < 100 && !heard.includes("alarm"); i++) await new Promise((r) => setTimeout(r, 50));
      let refused = "";
      try { element.api(2); } catch (e) { refused = e.message; }
      return { frozen: Object.isFrozen(api), names: Object.keys(api), heard, refused };
    });
    assert.ok(found.frozen);
    for (const name of ["ready", "run", "play", "pause", "step", "back", "seek", "until", "load", "getState", "setState", "snapshot", "on"]) assert.ok(found.names.includes(name), name);
    assert.ok(found.heard.includes("alarm"), found.heard.join());
    assert.match(found.refused, /no version 2/);
  });
});
