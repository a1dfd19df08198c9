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

// A platform as the standard has it, run in its page: values may be set between Initialize and Terminate only, by their names and
// patterns (SCORM 1.2 Run-Time Environment 3.4, SCORM 2004 Run-Time Environment 4; as Moodle checks them). What a course set
// without `exit` being `suspend` is gone at its next visit. `kept` is what there was after the visit before.
function strictPlatform(edition, kept) {
  const status = "passed|completed|failed|incomplete|browsed";
  const RULES = {
    "1.2": {
      "cmi.core.lesson_status": status, "cmi.core.exit": "time-out|suspend|logout|", "cmi.suspend_data": "[^]{0,4096}", "cmi.core.lesson_location": ".{0,255}",
      "cmi.core.session_time": "\\d{2,4}:\\d\\d:\\d\\d(\\.\\d{1,2})?",
      ...Object.fromEntries(["raw", "min", "max"].map((name) => [`cmi.core.score.${name}`, "\\d{1,3}(\\.\\d+)?"])),
    },
    2004: {
      "cmi.completion_status": "completed|incomplete|not attempted|unknown", "cmi.success_status": "passed|failed|unknown", "cmi.exit": "time-out|suspend|logout|normal|",
      "cmi.suspend_data": "[^]{0,64000}", "cmi.session_time": "P(\\d+D)?T(\\d+H)?(\\d+M)?(\\d+(\\.\\d{1,2})?S)?", "cmi.score.scaled": "-?(0(\\.\\d+)?|1)",
      ...Object.fromEntries(["raw", "min", "max"].map((name) => [`cmi.score.${name}`, "-?\\d+(\\.\\d+)?"])),
    },
  };
  const [rules, on, end] = [RULES[edition], edition === "1.2" ? "LMS" : "", edition === "1.2" ? "LMSFinish" : "Terminate"];
  const exit = edition === "1.2" ? "cmi.core.exit" : "cmi.exit";
  const values = kept[exit] === "suspend" ? { ...kept } : { ...kept, "cmi.suspend_data": "" };
  const seen = { values, saved: structuredClone(values), calls: [], faults: [] };
  let stage = "new", error = "0";
  const say = (code, what) => { error = code; if (code !== "0") seen.faults.push(`${code} ${what}`); return String(code === "0"); };
  const api = {
    [`${on}Initialize`]: (text) => { seen.calls.push("start"); const fine = stage === "new" && text === ""; stage = "open"; return say(fine ? "0" : "101", "Initialize"); },
    [`${on}GetValue`]: (key) => { say(stage === "open" ? key in rules ? "0" : "401" : "301", `GetValue ${key}`); return seen.values[key] ?? ""; },
    [`${on}SetValue`]: (key, value) => {
      seen.calls.push(key);
      const fits = stage === "open" && key in rules && typeof value === "string" && new RegExp(`^(${rules[key]})$`).test(value);
      if (fits) seen.values[key] = value;
      return say(fits ? "0" : stage === "open" ? "405" : "301", `SetValue ${key} ${value}`);
    },
    [`${on}Commit`]: () => { seen.calls.push("save"); seen.saved = structuredClone(seen.values); return say(stage === "open" ? "0" : "301", "Commit"); },
    [end]: () => { seen.calls.push("end"); const fine = stage === "open"; stage = "over"; return say(fine ? "0" : "301", end); },
    [`${on}GetLastError`]: () => error,
    [`${on}GetErrorString`]: (code) => `fault ${code}`,
  };
  Object.assign(globalThis, { seen, [edition === "1.2" ? "API" : "API_1484_11"]: api });
}

const platform = (edition, kept) => ({
  headers: {},
  html: `<!doctype html><title>A platform</title><script>(${strictPlatform})(${JSON.stringify(edition)}, ${JSON.stringify(kept)});</script>
    <iframe src="/package/scorm.html" width="1200" height="700"></iframe>`,
});

// One visit of the course on a platform. Gives what the platform has afterwards, when the course was closed.
async function visit(package_, edition, kept, act) {
  const server = await serve(package_, "/package/", { "/lms.html": platform(edition, kept) });
  const { page, close } = await tab(`${new URL(server.url).origin}/lms.html`);
  try {
    const course = page.frames().find((frame) => frame.url().includes("scorm.html")) ?? await page.waitForEvent("framenavigated");
    await course.waitForSelector("kafka-sim");
    await course.evaluate(() => document.querySelector("kafka-sim").ready());
    await act(page, course);
    await page.evaluate(() => document.querySelector("iframe").remove());
    await page.waitForFunction(() => seen.calls.at(-1) === "end");
    return await page.evaluate(() => seen);
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

test("a lesson's package is one SCO that lists all its files, and opens without an address of its own", () => inFolder(async (folder) => {
  const [, files] = unpacked("scorm", folder);
  const manifest = Buffer.from(files["imsmanifest.xml"]).toString();
  for (const name of Object.keys(files)) {
    if (name !== "imsmanifest.xml") assert.ok(manifest.includes(`<file href="${name}"/>`), `${name} is not in the manifest`);
  }
  const { page, close } = await tab("about:blank");
  try {
    // What SCORM 1.2's content aggregation model asks of a manifest.
    const found = await page.evaluate((text) => {
      const doc = new DOMParser().parseFromString(text, "text/xml");
      const [cp, adl] = ["http://www.imsproject.org/xsd/imscp_rootv1p1p2", "http://www.adlnet.org/xsd/adlcp_rootv1p2"];
      const one = (name, from = doc) => from.getElementsByTagNameNS(cp, name)[0];
      const [root, item, resource] = [doc.documentElement, one("item"), one("resource")];
      return {
        wrong: [...doc.getElementsByTagName("parsererror")].map((e) => e.textContent),
        order: [...root.children].map((e) => e.localName), version: [one("schema").textContent, one("schemaversion").textContent],
        isDefault: one("organizations").getAttribute("default") === one("organization").getAttribute("identifier"),
        refers: item.getAttribute("identifierref") === resource.getAttribute("identifier"), title: one("title", item).textContent,
        resource: [resource.getAttribute("type"), resource.getAttributeNS(adl, "scormtype"), resource.getAttribute("href")],
        ids: [...doc.querySelectorAll("[identifier]")].map((e) => e.getAttribute("identifier")),
      };
    }, manifest);
    assert.deepEqual(found.wrong, []);
    assert.deepEqual(found.order, ["metadata", "organizations", "resources"]);
    assert.deepEqual(found.version, ["ADL SCORM", "1.2"]);
    assert.ok(found.isDefault && found.refers);
    assert.equal(found.title, "Acknowledged, & gone");
    assert.deepEqual(found.resource, ["webcontent", "sco", "scorm.html"]);
    assert.equal(new Set(found.ids).size, found.ids.length, "identifiers are unique");
    for (const id of found.ids) assert.match(id, /^[A-Za-z_][\w.-]*$/, "xs:ID");
  } finally {
    await close();
  }
}));

test("on a SCORM 1.2 platform a lesson is completed, and goes on where it was left", () => inFolder(async (folder) => {
  const [package_] = unpacked("scorm", folder);
  const first = await visit(package_, "1.2", {}, async (page, course) => {
    assert.equal(await page.evaluate(() => seen.saved["cmi.core.lesson_status"]), "incomplete", "it is saved before anything is done");
    await play(page, course);
    await page.waitForFunction(() => seen.saved["cmi.core.lesson_status"] === "completed" && seen.saved["cmi.suspend_data"]);
  });
  assert.deepEqual(first.faults, []);
  assert.deepEqual([first.calls[0], first.calls.filter((name) => name === "start").length, first.calls.slice(-2)], ["start", 1, ["save", "end"]]);
  const score = (name) => first.saved[`cmi.core.score.${name}`];
  assert.deepEqual(["min", "max", "raw"].map(score), ["0", "100", "100"]);
  assert.match(first.saved["cmi.core.session_time"], /^0000:0\d:\d\d\.\d\d$/);

  const second = await visit(package_, "1.2", first.saved, async (page, course) => {
    const state = await course.evaluate(() => document.querySelector("kafka-sim").getState());
    assert.deepEqual([state.lesson.id, state.lesson.step, state.lesson.complete], ["lost-ack", 4, true]);
    assert.ok(state.clock > 30_000, `the clock shows ${state.clock} ms`);
  });
  assert.deepEqual([second.faults, second.saved["cmi.core.lesson_status"]], [[], "completed"]);
}));

test("where only the API of SCORM 2004 is, a visit that ends in mid-lesson is taken up again, and passed", () => inFolder(async (folder) => {
  const [package_] = unpacked("scorm", folder);
  let left;
  const first = await visit(package_, "2004", {}, async (page, course) => {
    await page.frames().at(-1).getByRole("button", { name: "Next step" }).click();
    left = await course.evaluate(async () => {
      const sim = document.querySelector("kafka-sim");
      await sim.run("kafka-topics --bootstrap-server :9092 --create --topic mine");
      await sim.advance(3_000);
      for (let i = 0; i < 100 && sim.time !== 3_000; i++) await new Promise((r) => setTimeout(r, 20));
      return sim.time;
    });
  });
  assert.deepEqual([first.faults, first.saved["cmi.completion_status"], first.saved["cmi.success_status"]], [[], "incomplete", undefined]);
  assert.match(first.saved["cmi.session_time"], /^PT\d+\.\d\dS$/);
  const second = await visit(package_, "2004", first.saved, async (page, course) => {
    const state = await course.evaluate(() => document.querySelector("kafka-sim").getState());
    assert.deepEqual([state.clock, state.lesson.step], [left, 2], "no goal was met, and yet nothing is lost");
    await course.evaluate(() => document.querySelector("kafka-sim").load({ lesson: "lost-ack" }));
    await play(page, course);
    await page.waitForFunction(() => seen.saved["cmi.completion_status"] === "completed");
  });
  assert.deepEqual(second.faults, []);
  assert.deepEqual([second.saved["cmi.success_status"], second.saved["cmi.score.scaled"], second.saved["cmi.score.raw"]], ["passed", "1", "100"]);
}));

test("a course that finds no platform says so, and so does one that is refused", () => inFolder(async (folder) => {
  const [package_] = unpacked("scorm", folder);
  const refusing = { headers: {}, html: `<script>API = { LMSInitialize: () => "false", LMSGetLastError: () => "101", LMSGetErrorString: () => "General exception" };</script><iframe src="/package/scorm.html" width="1200" height="700"></iframe>` };
  const server = await serve(package_, "/package/", { "/lms.html": refusing });
  try {
    for (const [path, text] of [["/package/scorm.html", /nothing is recorded/], ["/lms.html", /refuses Initialize : 101 General exception/]]) {
      const { page, close } = await tab(`${new URL(server.url).origin}${path}`);
      for (let i = 0; i < 100 && !page.frames().some((frame) => frame.url().includes("scorm.html")); i++) await page.waitForTimeout(20);
      const course = page.frames().find((frame) => frame.url().includes("scorm.html"));
      const said = course.getByRole("status").filter({ hasText: text });
      await said.waitFor();
      await course.waitForSelector("kafka-sim");
      const [above, below] = await course.evaluate(() => ["#text", "kafka-sim"].map((part) => document.querySelector(part).getBoundingClientRect()).map((r) => [r.top, r.bottom]));
      assert.ok(above[1] > above[0] + 10 && below[0] >= above[1], "it is not covered");
      await close();
    }
  } finally {
    server.close();
  }
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
