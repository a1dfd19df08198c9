// Everybody's page: axe over the states that views get into, a walk by keyboard alone, and no motion where none is wanted.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LAPTOP, PHONE, accessibilityFaults, open, run, view, visitTheSite } from "../js/visitor.mjs";

visitTheSite();

const FAULTS = ["sim delay 1 | 2 200ms", "sim disk broker 2 slow 500ms", "sim disk broker 3 full", "sim skew controller 101 +5s", "sim skew app 2 -1s", "sim pause broker 2", "sim cut 1 | 3"];

for (const colorScheme of ["dark", "light"]) {
  for (const [name, viewport] of [["laptop", LAPTOP], ["phone", PHONE]]) {
    test(`axe finds nothing on a ${name}, ${colorScheme}, with faults on the stage, and nothing is cut off`, async () => {
      const { page, wrong, close } = await open({ viewport, colorScheme, bypassCSP: true });
      const tab = async (text) => { if (viewport === PHONE) await page.locator(".switch").getByRole("tab", { name: text }).click(); };
      await tab("Terminal");
      for (const line of FAULTS) await run(page, line);
      await page.locator(".trouble").first().waitFor();
      assert.deepEqual(await accessibilityFaults(page), [], "the stage");
      await tab("Inspect");
      await page.locator('[data-node="broker-2"] .bh').click();
      for (const button of ["Configs", "Messages", "JSON"]) await page.locator(".insp").getByRole("button", { name: button, exact: true }).click();
      await page.locator(".insp .hops").waitFor();
      assert.deepEqual(await accessibilityFaults(page), [], "the inspector with all open");
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(beyond <= 0, `${beyond} px too wide`);
      assert.deepEqual(wrong, []);
      await close();
    });
  }
}

test("axe finds nothing where records are lost, in the log of what was torn, with bookmarks of two branches, and before a file of another site", async () => {
  const { page, close } = await open({ fragment: "#lesson=lost-ack", bypassCSP: true });
  await run(page, "kafka-verifiable-producer --bootstrap-server localhost:9092 --topic orders --throughput 20 --acks 1 &");
  await run(page, "sim run 3s");
  const leader = (await page.locator(".broker", { has: page.locator(".rep.lead") }).first().getAttribute("data-node")).match(/\d+/)[0];
  for (const line of ["sim cut leader:orders-0 | followers:orders-0", "sim run 300ms", `sim kill broker ${leader}`, "sim run 12s", "sim heal", `sim start broker ${leader}`, "sim run 12s"]) await run(page, line);
  await page.locator(".losses .lost").waitFor();
  assert.deepEqual(await accessibilityFaults(page), [], "lost");
  await view(page, "Log");
  await page.locator(".torn .link").waitFor();
  assert.deepEqual(await accessibilityFaults(page), [], "torn");
  await page.locator(".logv").focus();
  await page.keyboard.press("k");
  await page.getByLabel(/^Name for/).fill("torn");
  await page.keyboard.press("Enter");
  await run(page, "sim until 1s");
  await run(page, "sim kill broker 1");
  await page.locator(".mark .item", { hasText: "main" }).waitFor();
  assert.deepEqual(await accessibilityFaults(page), [], "bookmarks");
  await close();
  const asked = await open({ fragment: `#url=${encodeURIComponent("https://elsewhere.example/x.json")}`, ready: ".boot", bypassCSP: true });
  await asked.page.getByRole("button", { name: "Open it" }).waitFor();
  assert.deepEqual(await accessibilityFaults(asked.page), [], "consent");
  await asked.close();
});

test("by keyboard alone every part is reached, seen while it has the focus, and left again", async () => {
  const { page, close } = await open();
  for (const line of ["sim delay 1 | 2 200ms", "sim disk broker 3 full"]) await run(page, line);
  await page.evaluate(() => { document.body.tabIndex = -1; document.body.focus(); });
  const walk = [];
  for (let i = 0; i < 90; i++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const e = document.activeElement;
      if (!e || e === document.body) return null;
      const r = e.getBoundingClientRect();
      const zone = e.closest(".top, .lesson, .stage-zone, .time, .term, .rail, .full")?.className.split(" ").at(-1) ?? "?";
      return { zone, seen: r.width > 0 && r.bottom > 0 && r.top < innerHeight && r.right > 0 && r.left < innerWidth, name: e.getAttribute("aria-label") ?? e.innerText?.slice(0, 30) ?? e.tagName };
    });
    if (!at) break;
    walk.push(at);
  }
  assert.deepEqual(walk.filter((at) => !at.seen).map((at) => at.name), [], "what has the focus is on the screen");
  const zones = walk.map((at) => at.zone).filter((zone, i, all) => zone !== all[i - 1]);
  for (const zone of ["top", "lesson", "stage-zone", "time", "term", "rail"]) assert.ok(zones.includes(zone), `${zone} in ${zones}`);
  assert.equal(new Set(zones).size, zones.length, `each zone is passed once: ${zones}`);
  // Inside the stage arrows go on, to the broker in trouble and into its inspector.
  await page.locator(".stage").focus();
  await page.keyboard.press("ArrowDown");
  for (let i = 0; i < 30 && !(await page.evaluate(() => document.activeElement.closest('[data-node="broker-3"]'))); i++) await page.keyboard.press(i % 2 ? "ArrowRight" : "ArrowDown");
  assert.ok(await page.evaluate(() => !!document.activeElement.closest('[data-node="broker-3"]')), "arrows reach broker 3");
  await close();
});

test("tabs are one stop, in which arrows go on; a menu takes the focus and gives it back; the first stop leads to the stage", async () => {
  const { page, close } = await open();
  const press = (key) => page.keyboard.press(key), has = (locator) => locator.evaluate((e) => e === document.activeElement);
  await page.evaluate(() => { document.body.tabIndex = -1; document.body.focus(); });
  await press("Tab");
  const skip = page.getByRole("button", { name: "To the stage" }).first();
  assert.ok(await has(skip) && (await skip.boundingBox()).width > 40, "what leads there is seen while it has the focus");
  await press("Enter");
  assert.ok(await has(page.locator(".stage")));
  await press("Shift+Tab");
  await press("Shift+Tab");
  const views = page.getByRole("tablist", { name: "Views" });
  for (const [key, name] of [["ArrowRight", "Log"], ["ArrowRight", "Space-time"], ["End", "Branches"], ["ArrowRight", "Cluster"], ["ArrowLeft", "Branches"], ["Home", "Cluster"]]) {
    await press(key);
    await views.getByRole("tab", { name, selected: true }).waitFor();
    assert.ok(await has(views.getByRole("tab", { name })), `${key}: ${name}`);
  }
  const jump = page.getByRole("button", { name: "Jump" }), item = (n) => page.getByRole("menu", { name: "Run ahead" }).getByRole("menuitemradio").nth(n);
  await jump.focus();
  await press("Enter");
  for (const [key, n] of [["", 0], ["ArrowDown", 1], ["End", 8], ["ArrowDown", 0], ["ArrowUp", 8]]) {
    if (key) await press(key);
    assert.ok(await has(item(n)), `${key}: item ${n}`);
  }
  await press("Escape");
  assert.ok(await has(jump), "it closes, and the focus is not lost");
  await press("Enter");
  await press("ArrowDown");
  await press("Enter");
  await page.locator(".deck .t").getByText("00:08.010").waitFor();
  assert.ok(await has(jump), "what was chosen is done, and the focus is not lost");
  await close();
});

test("with reduced motion nothing on any view is animated, not even what faults and compaction leave", async () => {
  const { page, close } = await open({ reducedMotion: "reduce" });
  const moving = () => page.evaluate(() => document.getAnimations().filter((a) => a.playState === "running").map((a) => a.animationName ?? a.transitionProperty));
  for (const line of ["sim delay 1 | 2 200ms", "sim kill broker 1", "sim run 12s"]) {
    await run(page, line);
    assert.deepEqual(await moving(), [], line);
  }
  for (const name of ["Log", "Space-time", "Groups", "Metrics", "Branches", "Cluster"]) {
    await view(page, name);
    assert.deepEqual(await moving(), [], name);
  }
  await close();
});
