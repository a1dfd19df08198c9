// A lesson as a SCORM package, inside a learning platform of our own: completed when every goal is met, and kept.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

test("a lesson in a package is completed on the platform, and goes on where it was left", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kafkasim-scorm-"));
  try {
    const script = join(import.meta.dirname, "../../crates/xtask/js/scorm.mjs");
    execFileSync("node", [script, process.env.KAFKASIM_SITE, join(folder, "a.zip"), "lost-ack", "Acknowledged, & gone"]);
    const { unzipSync } = createRequire(`${process.env.KAFKASIM_TOOLS}/`)("fflate");
    const files = unzipSync(readFileSync(join(folder, "a.zip")));
    const manifest = Buffer.from(files["imsmanifest.xml"]).toString();
    for (const name of Object.keys(files)) {
      if (name !== "imsmanifest.xml") assert.ok(manifest.includes(`href="${name}"`), `${name} is not in the manifest`);
      mkdirSync(dirname(join(folder, "package", name)), { recursive: true });
      writeFileSync(join(folder, "package", name), files[name]);
    }
    assert.ok(manifest.includes("Acknowledged, &#38; gone"));

    const kept = await onPlatform(join(folder, "package"), {}, async (page, course) => {
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
      await course.evaluate(() => document.querySelector("kafka-sim").ready());
      assert.equal(await page.evaluate(() => values["cmi.core.lesson_status"]), "incomplete");
      await next();
      await type([[2, burst("orders", 1)], [1, "sim run 5s"]]);
      await next();
      await type(fall("orders"));
      await type([[2, "^C"]]);
      await next();
      await type([[3, burst("payments", -1)], [1, "sim run 3s"], ...fall("payments")]);
      await page.waitForFunction(() => values["cmi.core.lesson_status"] === "completed" && values["cmi.suspend_data"]);
      assert.equal(await page.evaluate(() => values["cmi.core.score.raw"]), "100");
      return page.evaluate(() => values);
    });

    await onPlatform(join(folder, "package"), kept, async (page, course) => {
      const state = await course.evaluate(() => document.querySelector("kafka-sim").getState());
      assert.deepEqual([state.lesson.id, state.lesson.step, state.lesson.complete], ["lost-ack", 4, true]);
      assert.ok(state.clock > 30_000, `the clock shows ${state.clock} ms`);
      assert.equal(await page.evaluate(() => values["cmi.core.lesson_status"]), "completed");
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
