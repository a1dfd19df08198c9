// A lesson as a package, inside learning platforms of our own: completed when every goal is met, and kept.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { serve } from "../js/browser.mjs";
import { tab, visitTheSite } from "../js/visitor.mjs";

visitTheSite();

// What a platform offers a course: values kept by name. `data` are those of an earlier visit.
const platform = (data) => ({
  headers: {},
  html: `<!doctype html><title>A platform</title><script>
    values = ${JSON.stringify(data)}; calls = [];
    const call = (name) => (...args) => { calls.push([name, ...args]); return "true"; };
    API = { LMSInitialize: call("start"), LMSCommit: call("save"), LMSFinish: call("end"),
      LMSGetValue: (key) => values[key] ?? "", LMSSetValue: (key, value) => { values[key] = String(value); return "true"; } };
  </script><iframe src="/package/scorm.html?lesson=lost-ack" width="1200" height="700"></iframe>`,
});

async function onPlatform(package_, data, act) {
  const server = await serve(package_, "/package/", { "/lms.html": platform(data) });
  const { page, close } = await tab(`${new URL(server.url).origin}/lms.html`);
  const course = page.frames().find((frame) => frame.url().includes("scorm.html")) ?? await page.waitForEvent("frameattached");
  await course.waitForSelector("kafka-sim");
  try {
    return await act(page, course);
  } finally {
    await close();
    server.close();
  }
}

// Packs the lesson and unpacks it into a folder; gives the folder and the files.
function unpacked(kind, folder) {
  const script = join(import.meta.dirname, "../../crates/xtask/js/course.mjs");
  execFileSync("node", [script, kind, process.env.KAFKASIM_SITE, join(folder, "a.zip"), "lost-ack", "Acknowledged, & gone"]);
  const { unzipSync } = createRequire(`${process.env.KAFKASIM_TOOLS}/`)("fflate");
  const files = unzipSync(readFileSync(join(folder, "a.zip")));
  for (const name of Object.keys(files)) {
    mkdirSync(dirname(join(folder, "package", name)), { recursive: true });
    writeFileSync(join(folder, "package", name), files[name]);
  }
  return [join(folder, "package"), files];
}

async function inFolder(act) {
  const folder = mkdtempSync(join(tmpdir(), "kafkasim-course-"));
  try {
    await act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// Plays the lesson to its end.
async function play(page, course) {
  const next = () => page.frames().at(-1).getByRole("button", { name: "Next step" }).click();
  const type = (lines) => course.evaluate(async (lines) => {
    const sim = document.querySelector("kafka-sim");
    for (const [terminal, line] of lines) await sim.run(line, terminal);
  }, lines);
  const fall = (topic) => [
    [1, `sim cut leader:${topic}-0 | followers:${topic}-0`], [1, "sim run 300ms"],
    [1, `sim kill leader:${topic}-0`], [1, "sim run 20s"], [1, "sim heal"], [1, "sim run 2s"],
  ];
  const burst = (topic, acks) => `kafka-verifiable-producer --bootstrap-server localhost:9092 --topic ${topic} --throughput 1000 --acks ${acks}`;
  await next();
  await type([[2, burst("orders", 1)], [1, "sim run 5s"]]);
  await next();
  await type(fall("orders"));
  await type([[2, "^C"]]);
  await next();
  await type([[3, burst("payments", -1)], [1, "sim run 3s"], ...fall("payments")]);
}

test("a lesson in a package is completed on the platform, and goes on where it was left", () => inFolder(async (folder) => {
  const [package_, files] = unpacked("scorm", folder);
  const manifest = Buffer.from(files["imsmanifest.xml"]).toString();
  for (const name of Object.keys(files)) {
    if (name !== "imsmanifest.xml") assert.ok(manifest.includes(`href="${name}"`), `${name} is not in the manifest`);
  }
  assert.ok(manifest.includes("Acknowledged, &#38; gone"));

  const kept = await onPlatform(package_, {}, async (page, course) => {
    await course.evaluate(() => document.querySelector("kafka-sim").ready());
    assert.equal(await page.evaluate(() => values["cmi.core.lesson_status"]), "incomplete");
    await play(page, course);
    await page.waitForFunction(() => values["cmi.core.lesson_status"] === "completed" && values["cmi.suspend_data"]);
    assert.equal(await page.evaluate(() => values["cmi.core.score.raw"]), "100");
    return page.evaluate(() => values);
  });

  await onPlatform(package_, kept, async (page, course) => {
    const state = await course.evaluate(() => document.querySelector("kafka-sim").getState());
    assert.deepEqual([state.lesson.id, state.lesson.step, state.lesson.complete], ["lost-ack", 4, true]);
    assert.ok(state.clock > 30_000, `the clock shows ${state.clock} ms`);
    assert.equal(await page.evaluate(() => values["cmi.core.lesson_status"]), "completed");
  });
}));

// A record store with what cmi5 asks of one: a token for once, documents of state, statements. On a host of its own.
async function recordStore(launch) {
  const store = { statements: [], documents: {}, tokens: 1, refused: [] };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://x");
    const reply = (status, body) => response.writeHead(status, {
      "access-control-allow-origin": "*", "access-control-allow-methods": "*",
      "access-control-allow-headers": "authorization, content-type, x-experience-api-version", "content-type": "application/json",
    }).end(body === undefined ? "" : JSON.stringify(body));
    if (request.method === "OPTIONS") return reply(204);
    let text = "";
    for await (const part of request) text += part;
    if (url.pathname === "/token") return store.tokens-- > 0 ? reply(200, { "auth-token": "c2VjcmV0" }) : reply(200, { "error-code": "1", "error-text": "used before" });
    if (request.headers.authorization !== "Basic c2VjcmV0" || !request.headers["x-experience-api-version"]) {
      store.refused.push(request.url);
      return reply(401);
    }
    const id = url.searchParams.get("stateId");
    if (url.pathname === "/xapi/activities/state" && id === "LMS.LaunchData") return reply(200, launch);
    if (url.pathname === "/xapi/activities/state" && request.method === "PUT") {
      store.documents[id] = JSON.parse(text);
      return reply(204);
    }
    if (url.pathname === "/xapi/activities/state") return id in store.documents ? reply(200, store.documents[id]) : reply(404);
    if (url.pathname === "/xapi/statements") {
      store.statements.push(JSON.parse(text));
      return reply(200, []);
    }
    reply(404);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const host = `http://127.0.0.1:${server.address().port}`;
  return { store, host, close: () => server.close() };
}

test("with cmi5 a lesson says initialized, completed, passed and terminated to the record store, once a registration", () => inFolder(async (folder) => {
  const [package_, files] = unpacked("cmi5", folder);
  const structure = Buffer.from(files["cmi5.xml"]).toString();
  assert.ok(structure.includes("<url>cmi5.html?lesson=lost-ack</url>") && structure.includes("Acknowledged, &#38; gone"));

  const session = "https://w3id.org/xapi/cmi5/context/extensions/sessionid";
  const launch = {
    launchMode: "Normal", moveOn: "CompletedOrPassed", masteryScore: 0.5,
    contextTemplate: { contextActivities: { grouping: [{ id: "urn:kafkasim:lesson:lost-ack" }] }, extensions: { [session]: "s-1" } },
  };
  const { store, host, close } = await recordStore(launch);
  const server = await serve(package_, "/package/");
  const actor = { objectType: "Agent", account: { homePage: "http://example.org/", name: "learner" } };
  const launched = new URLSearchParams({
    lesson: "lost-ack", endpoint: `${host}/xapi`, fetch: `${host}/token`, actor: JSON.stringify(actor),
    registration: "5ed2d7f2-7fd0-47c9-bf6c-b856de31ee45", activityId: "http://example.org/au/1",
  });
  const visit = async (act) => {
    store.tokens = 1;
    const { page, close } = await tab(`${server.url}cmi5.html?${launched}`);
    try {
      await page.waitForSelector("kafka-sim");
      await page.evaluate(() => document.querySelector("kafka-sim").ready());
      await act(page);
      await page.goto("about:blank");
    } finally {
      await close();
    }
  };
  const verbs = () => store.statements.map((s) => s.verb.id.split("/").at(-1));
  const said = async (n) => {
    for (let i = 0; i < 200 && store.statements.length < n; i++) await new Promise((r) => setTimeout(r, 50));
    return verbs();
  };
  try {
    await visit(async (page) => {
      await play(page, page);
      assert.deepEqual(await said(3), ["initialized", "completed", "passed"]);
      for (let i = 0; i < 200 && !store.documents.kafkasim?.isCompleted; i++) await new Promise((r) => setTimeout(r, 50));
    });
    assert.deepEqual(await said(4), ["initialized", "completed", "passed", "terminated"]);
    await visit(async (page) => {
      const state = await page.evaluate(() => document.querySelector("kafka-sim").getState());
      assert.deepEqual([state.lesson.step, state.lesson.complete], [4, true]);
      await page.waitForTimeout(500);
    });
    assert.deepEqual((await said(6)).slice(4), ["initialized", "terminated"]);

    const [first, completed, passed, last] = store.statements;
    const categories = (s) => s.context.contextActivities.category.map((c) => c.id.split("/").at(-1));
    assert.deepEqual([first, completed, passed, last].map(categories), [["cmi5"], ["cmi5", "moveon"], ["cmi5", "moveon"], ["cmi5"]]);
    for (const statement of store.statements) {
      assert.deepEqual(statement.actor, actor);
      assert.equal(statement.context.registration, launched.get("registration"));
      assert.equal(statement.context.extensions[session], "s-1");
      assert.equal(statement.object.id, "http://example.org/au/1");
      assert.ok(Date.parse(statement.timestamp));
    }
    assert.deepEqual([completed.result.completion, passed.result.success, passed.result.score.scaled], [true, true, 1]);
    assert.match(last.result.duration, /^PT[\d.]+S$/);
    assert.equal(passed.context.extensions["https://w3id.org/xapi/cmi5/context/extensions/masteryscore"], 0.5);
    assert.deepEqual(store.refused, []);
  } finally {
    server.close();
    close();
  }
}));

test("each lesson has a page that unfurls: its title, a picture, and a frame that opens it", () => inFolder(async (folder) => {
  const copy = join(folder, "site");
  cpSync(process.env.KAFKASIM_SITE, copy, { recursive: true });
  const root = join(import.meta.dirname, "../..");
  const server = await serve(copy, "/sim/");
  execFileSync("node", [join(root, "crates/xtask/js/pages.mjs"), copy, server.url.slice(0, -1), join(root, "crates/lessons/lessons")]);
  const { page, close } = await tab("about:blank");
  try {
    const text = readFileSync(join(copy, "lost-ack.html"), "utf8");
    const tag = (name) => text.match(new RegExp(`property="${name}" content="([^"]*)"`))[1];
    assert.equal(tag("og:title"), "Acknowledged, and gone");
    assert.ok(tag("og:description").startsWith("A producer may ask") && !tag("og:description").includes("`"));
    const picture = await page.request.get(tag("og:image"));
    assert.equal((await picture.body()).readUInt32BE(16), 1200, "the width in the picture's header");

    const found = text.match(/json\+oembed" href="([^"]*)"/)[1];
    const answer = await (await page.request.get(found)).json();
    assert.deepEqual([answer.version, answer.type, answer.title, answer.width], ["1.0", "rich", "Acknowledged, and gone", 1000]);
    await page.goto(`${new URL(server.url).origin}/`);
    await page.setContent(answer.html);
    await page.frames().at(-1).getByRole("heading", { name: "Acknowledged, and gone" }).waitFor();

    await page.goto(`${server.url}lost-ack.html`);
    await page.waitForURL(`${server.url}?lesson=lost-ack`);
    await page.getByRole("heading", { name: "Acknowledged, and gone" }).waitFor();
  } finally {
    await close();
    server.close();
  }
}));
