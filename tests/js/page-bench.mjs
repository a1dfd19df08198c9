// Measures the released page in headless Chromium: node page-bench.mjs SITE. Prints a line a figure: `id value`.
// Times are ms of real time, `cpu` is CPU time of the page's main thread. What is served is packed with brotli, as hosts do.
import { readFile } from "node:fs/promises";
import { brotliCompressSync } from "node:zlib";
import { launch, serve } from "./browser.mjs";
import { linkTo } from "./link.mjs";
import { LAPTOP } from "./visitor.mjs";

const STARTS = 9, FRAMES_MS = 6_000, SEEKS = 60, DOTS = 3_000;
const HOUR = 3_600_000;

// A hundred partitions on twelve brokers far from each other (too far for the topic to be there when the run begins, so it is
// made then, and the producers begin when it is there), and so many producers that thousands of records travel.
const BEGIN_MS = 8_000;
const create = {
  at: "0ms", term: 1,
  run: "kafka-topics --bootstrap-server :9092 --create --topic orders --partitions 100 --replication-factor 3",
};
const BUSY = {
  title: "3,000 records in flight",
  seed: 5,
  cluster: { brokers: 12, controllers: 3, latency: "200ms" },
  commands: [create, ...Array.from({ length: 16 }, (_, i) => ({
    at: `${BEGIN_MS + i * 50}ms`, term: i + 1,
    run: "kafka-verifiable-producer --bootstrap-server :9092 --topic orders --throughput 1000",
  }))],
};

// The same cluster, and a hundred producers that wait for nothing and send each record by itself: a message a record.
const SINGLE = {
  ...BUSY,
  title: "3,000 messages of one record in flight",
  files: { "single.properties": "linger.ms=0\nenable.idempotence=false\nmax.in.flight.requests.per.connection=50\n" },
  commands: [create, ...Array.from({ length: 100 }, (_, i) => ({
    at: `${BEGIN_MS + i * 7}ms`, term: i + 1,
    run: "kafka-verifiable-producer --bootstrap-server :9092 --topic orders --throughput 140 --repeating-keys 997 --acks 0 " +
      "--command-config single.properties",
  }))],
};

// What somebody shares: a topic, somebody who writes and somebody who reads, and a broker that died.
const SHARED = {
  title: "A broker died",
  seed: 5,
  cluster: { brokers: 3, controllers: 3 },
  commands: [
    { at: "0ms", term: 1, run: "kafka-topics --bootstrap-server :9092 --create --topic orders --partitions 3 --replication-factor 3" },
    { at: "1s", term: 1, run: "kafka-verifiable-producer --bootstrap-server :9092 --topic orders --throughput 100" },
    { at: "1s", term: 2, run: "kafka-console-consumer --bootstrap-server :9092 --topic orders --group readers" },
    { at: "5s", term: 3, run: "sim kill broker 1" },
  ],
};

// The least that draws as much: dots that move, by plain script on a plain canvas.
const CONTROL = {
  "/control.html": {
    html: `<!doctype html><html lang="en"><title>control</title><canvas id="c" width="1366" height="768"></canvas>
      <script src="control.js"></script>`,
  },
  "/control.js": {
    headers: { "content-type": "text/javascript" },
    html: `const context = document.getElementById("c").getContext("2d");
      const dots = Array.from({ length: ${DOTS} }, (_, i) => [i * 37 % 1366, i * 91 % 768, 1 + i % 3]);
      document.body.className = "app";
      requestAnimationFrame(function draw() {
        context.clearRect(0, 0, 1366, 768);
        context.fillStyle = "#38f";
        for (const dot of dots) {
          dot[0] = (dot[0] + dot[2]) % 1366;
          context.beginPath();
          context.arc(dot[0], dot[1], 4, 0, 2 * Math.PI);
          context.fill();
        }
        requestAnimationFrame(draw);
      });`,
  },
};

const median = (list) => percentile(list, 50);
const percentile = (list, percent) => [...list].sort((a, b) => a - b)[Math.round(((list.length - 1) * percent) / 100)];
const say = (id, value) => console.log(id, Math.round(value * 10) / 10);

const folder = process.argv[2];
const site = await serve(folder, "/kafkasim/", CONTROL);
const origin = new URL(site.url).origin;
const browser = await launch();

// A tab that knows nothing yet.
async function fresh() {
  const context = await browser.newContext({ viewport: LAPTOP });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  return { page, close: () => context.close() };
}

// How long until a page can be used: it is painted, shows what `ready` finds, and its main thread has come to rest.
async function start(url, ready) {
  const { page, close } = await fresh();
  await page.addInitScript(() => {
    globalThis.long = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((e) => { globalThis.long = e.startTime + e.duration; }))
      .observe({ type: "longtask", buffered: true });
  });
  const asked = [];
  page.on("requestfinished", (request) => asked.push(request.url()));
  const busy = await clockOf(page);
  await page.goto(url);
  const shown = await page.evaluate((selector) => new Promise((done) => {
    const look = () => document.querySelector(selector) ? done(performance.now()) : requestAnimationFrame(look);
    look();
  }), ready);
  await page.waitForTimeout(700);
  const { painted, loaded, long } = await page.evaluate(() => ({
    painted: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
    loaded: performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd,
    long: globalThis.long,
  }));
  const cpu = await busy();
  await close();
  return { time: Math.max(shown, painted, loaded, long), painted, cpu, asked };
}

async function starts(id, url, ready) {
  const all = [];
  for (let i = 0; i < STARTS; i++) all.push(await start(url, ready));
  say(`${id}-paint`, median(all.map((one) => one.painted)));
  say(id, median(all.map((one) => one.time)));
  say(`${id}-cpu`, median(all.map((one) => one.cpu)));
  return all[0].asked;
}

// Bytes of what a start asks for, without what comes behind and nobody waits for: the last modules and the styles of views. An
// embedded page does not wait for what a page of its own has beside it either, nor for what speaks with the page around; one
// with a lesson or a link waits for what opens it. Who needs a module before it is there asks for it by another name.
const isBehind = (name) => /_(open|rest)\.wasm$/.test(name) || name.startsWith("late-");
const isBehindEmbed = (name) => isBehind(name) || name.endsWith("_next.wasm") || name.startsWith("own-") || name === "host.js";
const isBehindLesson = (name) => name.endsWith("_rest.wasm") || name.startsWith("late-") || name === "host.js";
const isBehindLink = (name) => isBehindEmbed(name) && !name.endsWith("_open.wasm");
async function weight(id, asked, isLate = isBehind) {
  let bytes = 0;
  for (const url of new Set(asked)) {
    const { pathname, search } = new URL(url), name = pathname.replace("/kafkasim/", "") || "index.html";
    const isWaitedFor = search === "?now" || !isLate(name);
    if (url.startsWith(site.url) && isWaitedFor) bytes += brotliCompressSync(await readFile(`${folder}/${name}`)).length;
  }
  say(id, bytes / 1000);
}

// CPU time of a page's main thread, ms, as a function.
async function clockOf(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => (await session.send("Performance.getMetrics")).metrics.find((m) => m.name === "TaskDuration").value * 1000;
}

// Frames a second and CPU time a frame, while a page does what it does.
async function frames(id, page) {
  const busy = await clockOf(page);
  const count = () => page.evaluate((ms) => new Promise((done) => {
    const begin = performance.now(), at = [];
    const tick = (now) => { at.push(now); now - begin < ms ? requestAnimationFrame(tick) : done(at); };
    requestAnimationFrame(tick);
  }), FRAMES_MS);
  const before = await busy(), at = await count(), after = await busy();
  const gaps = at.slice(1).map((now, i) => now - at[i]);
  say(`${id}-fps`, (gaps.length * 1000) / (at.at(-1) - at[0]));
  say(`${id}-cpu`, (after - before) / gaps.length);
  say(`${id}-gap`, percentile(gaps, 95));
}

const asks = (page, kind, text = "") => page.evaluate(([k, t]) => JSON.parse(globalThis.kafkasim(k, t)), [kind, String(text)]);
const isAtRest = (page) => page.waitForFunction(() => !JSON.parse(globalThis.kafkasim("state", "")).playing, null, { polling: 200 });

async function control() {
  const { page, close } = await fresh();
  await page.goto(`${origin}/control.html`);
  await frames("control", page);
  await close();
}

// A scene that plays slowly, once it was run to where it is in full swing.
async function crowd(id, scene, ms) {
  const { page, close } = await fresh();
  await page.goto(site.url + linkTo(scene));
  await page.locator(".app").first().waitFor();
  await asks(page, "run", ms);
  await isAtRest(page);
  await asks(page, "speed", 0.002);
  await asks(page, "play");
  await page.waitForTimeout(500);
  const { flights } = await asks(page, "snapshot");
  say(`${id}-messages`, flights.length);
  say(`${id}-records`, flights.reduce((sum, { records }) => sum + records, 0));
  say(`${id}-alone`, flights.filter(({ records }) => records === 1).length);
  await frames(id, page);
  await close();
}

// Free play for an hour, then to and fro: until the call is over and the page has drawn.
async function seeks() {
  const { page, close } = await fresh();
  await page.goto(site.url);
  await page.locator(".app").first().waitFor();
  await asks(page, "run", HOUR);
  await isAtRest(page);
  const busy = await clockOf(page), before = await busy();
  const times = await page.evaluate(async ([count, hour]) => {
    const times = [];
    for (let i = 0; i < count; i++) {
      const to = (i * 2_654_435_761) % hour, begin = performance.now();
      globalThis.kafkasim("seek", String(Math.round(to)));
      await new Promise((done) => setTimeout(done));
      times.push(performance.now() - begin);
      await new Promise((done) => setTimeout(done, 20));
    }
    return times;
  }, [SEEKS, HOUR]);
  say("seek-cpu", (await busy() - before) / SEEKS);
  say("seek-p50", median(times));
  say("seek-p95", percentile(times, 95));
  await close();
}

// The element on another page, with these attributes: from its making until the run is up.
async function embed(id, attributes = {}) {
  const host = await serve("/nowhere", "/nothing/", {
    "/host.html": { html: `<!doctype html><html lang="en"><title>host</title><script type="module" src="${site.url}embed.js"></script>` },
  });
  const times = [], all = [];
  for (let i = 0; i < STARTS; i++) {
    const { page, close } = await fresh();
    const asked = [];
    page.on("requestfinished", (request) => asked.push(request.url()));
    await page.goto(`${new URL(host.url).origin}/host.html`);
    times.push(await page.evaluate(async (attributes) => {
      await customElements.whenDefined("kafka-sim");
      const begin = performance.now(), sim = document.createElement("kafka-sim");
      for (const [name, value] of Object.entries(attributes)) sim.setAttribute(name, value);
      document.body.append(sim);
      await sim.ready();
      return performance.now() - begin;
    }, attributes));
    all.push(asked);
    await close();
  }
  host.close();
  say(id, median(times));
  return all[0];
}

const asked = await starts("start", site.url, ".app");
await starts("control-start", `${origin}/control.html`, ".app");
await weight("bytes", asked);
await weight("embed-bytes", await embed("embed"), isBehindEmbed);
await weight("lesson-bytes", await embed("lesson", { lesson: "lost-ack" }), isBehindLesson);
await weight("link-bytes", await embed("link", { link: linkTo(SHARED, 8_000) }), isBehindLink);
await control();
await crowd("busy", BUSY, BEGIN_MS + 6_000);
await crowd("single", SINGLE, BEGIN_MS + 3_000);
await seeks();
await browser.close();
site.close();
