// Motion tells the truth: what the page draws is what the engine does, in its order and at its time. Every claim is driven on the
// real engine and read from what a reader sees.
import assert from "node:assert/strict";
import { test } from "node:test";
import { open, picture, pixels, run, view, visitTheSite } from "../js/visitor.mjs";

visitTheSite();

const ask = (page, kind, text = "") => page.evaluate(([k, x]) => JSON.parse(window.kafkasim(k, x)), [kind, text]);
const inFlight = async (page) => Number((await page.locator(".insp").innerText()).match(/in flight\s*(\d+)/)[1]);
const step = async (page) => { await ask(page, "step"); };
const tile = (page, broker, partition = 0) => page.locator(`[data-node="broker-${broker}"] .rep`, { hasText: `orders-${partition}` });
const watermark = async (page, broker) => Number((await tile(page, broker).getAttribute("title")).match(/high watermark (\d+)/)[1]);
const end = async (page, broker) => Number((await tile(page, broker).getAttribute("title")).match(/log end (\d+)/)[1]);
const faults = (page) => page.locator(".stage").getByRole("list", { name: "Faults" }).getByRole("listitem").allInnerTexts();

test("what flies is what the engine has on its way, event for event", async () => {
  const { page, wrong, close } = await open();
  let moved = 0;
  for (let i = 0; i < 60; i++) {
    await step(page);
    const { messages } = await ask(page, "flight");
    assert.equal(await inFlight(page), messages, `after ${i + 1} events`);
    moved += messages > 0;
  }
  assert.ok(moved > 10, `messages were under way after ${moved} of 60 events`);
  assert.deepEqual(wrong, []);
  await close();
});

test("a record is on the leader first, followers fetch it, and the high watermark reaches them one fetch later", async () => {
  const { page, wrong, close } = await open();
  await ask(page, "until", 'end("orders", 0) >= 10');
  await page.waitForFunction(() => document.querySelector(".play").getAttribute("aria-pressed") === "false");
  assert.deepEqual([await end(page, 1), await end(page, 2), await end(page, 3)], [10, 9, 9], "the leader alone has it");
  assert.equal(await page.locator('[data-node="broker-1"] .rep.lead .cell.u').count(), 1, "dashed: not all have it");
  const seen = [];
  for (let i = 0; i < 400; i++) {
    await step(page);
    const now = { ends: [await end(page, 2), await end(page, 3)], marks: [await watermark(page, 1), await watermark(page, 2), await watermark(page, 3)] };
    if (JSON.stringify(now) !== JSON.stringify(seen.at(-1))) seen.push(now);
    if (now.marks.every((mark) => mark >= 10)) break;
  }
  const when = (is) => seen.findIndex(is);
  const copied = when((s) => s.ends.every((n) => n === 10)), led = when((s) => s.marks[0] === 10), followed = when((s) => s.marks[1] === 10 || s.marks[2] === 10);
  assert.ok(copied >= 0 && copied <= led && led < followed, JSON.stringify(seen));
  // The followers asked; nobody pushed.
  await view(page, "Space-time");
  const lines = () => page.locator(".hops span").allInnerTexts();
  for (const follower of [2, 3]) assert.ok((await lines()).some((line) => line.startsWith(`broker-1 → broker-${follower}: Fetch answer, 1 record`)), (await lines()).join("\n"));
  await page.getByRole("button", { name: "quiet too" }).click();
  await page.locator(".hops span").getByText("broker-2 → broker-1: Fetch request").first().waitFor();
  for (const line of await lines()) assert.ok(!/^broker-\d → broker-\d: \w+ request.*record/.test(line), `nothing is pushed: ${line}`);
  assert.deepEqual(wrong, []);
  await close();
});

test("failover: the session clock runs down before the controller fences, and no sooner does another lead", async () => {
  const { page, wrong, close } = await open();
  await run(page, "sim kill broker 1");
  const left = async () => {
    const arc = page.locator('[data-node="broker-1"] .sess');
    return await arc.count() ? Number.parseFloat(await arc.locator("circle").nth(1).getAttribute("stroke-dasharray")) : null;
  };
  const course = [];
  for (let s = 0; s < 12; s++) {
    await run(page, "sim run 1s");
    await page.waitForFunction((n) => document.querySelector(".deck .t").textContent.startsWith(`00:${String(9 + n).padStart(2, "0")}`), s);
    course.push([await left(), await page.locator('[data-node="broker-1"].fenced').count(), await page.locator('[data-node="broker-2"] .rep.lead, [data-node="broker-3"] .rep.lead').count()]);
  }
  const clock = course.map((c) => c[0]).filter((n) => n !== null);
  assert.ok(clock.length >= 5 && clock.every((n, i) => i === 0 || n < clock[i - 1]), `it runs down: ${clock}`);
  const fenced = course.findIndex((c) => c[1] === 1), led = course.findIndex((c) => c[2] === 2);
  assert.ok(fenced >= clock.length - 1 && led === fenced, JSON.stringify(course));
  assert.deepEqual(wrong, []);
  await close();
});

test("a rebalance is shown in the order and the length it had: partitions are given up, all join, the leader's plan is given out", async () => {
  const { page, wrong, close } = await open();
  await run(page, "kafka-console-consumer --bootstrap-server :9092 --topic orders --group billing &");
  await run(page, "sim run 12s");
  await view(page, "Groups");
  const [states, ...owners] = await page.locator(".ribbon").evaluateAll((all) => all.map((r) => [...r.querySelectorAll("title")].map((t) => t.textContent)));
  const order = states.map((text) => text.split(" · ")[0]);
  const at = order.lastIndexOf("PreparingRebalance");
  assert.deepEqual(order.slice(at), ["PreparingRebalance", "CompletingRebalance", "Stable"], states.join(" | "));
  await page.getByRole("tab", { name: "Events" }).click();
  const told = await page.locator(".story li").allInnerTexts();
  const sequence = [/gives up/, /CompletingRebalance/, /is assigned/].map((line) => told.findLastIndex((text) => line.test(text)));
  const newestFirst = sequence[0] > sequence[2];
  assert.ok(newestFirst ? sequence[0] > sequence[1] && sequence[1] > sequence[2] : sequence[0] < sequence[1] && sequence[1] < sequence[2], told.slice(0, 20).join("\n"));
  assert.ok(owners.some((spans) => spans.some((text) => text.includes("orders-"))), owners.join());
  assert.deepEqual(wrong, []);
  await close();
});

test("acknowledged records that a truncation takes are named, with the config that let them go", async () => {
  const { page, wrong, close } = await open({ fragment: "#lesson=lost-ack" });
  await run(page, "kafka-verifiable-producer --bootstrap-server localhost:9092 --topic orders --throughput 20 --acks 1 &");
  await run(page, "sim run 3s");
  assert.equal(await page.locator(".lost").count(), 0);
  const leader = (await page.locator(".broker", { has: page.locator(".rep.lead") }).first().getAttribute("data-node")).match(/\d+/)[0];
  await run(page, "sim cut leader:orders-0 | followers:orders-0");
  await run(page, "sim run 300ms");
  await run(page, `sim kill broker ${leader}`);
  await run(page, "sim run 12s");
  const banner = page.locator(".losses .lost");
  await banner.waitFor();
  const text = await banner.innerText();
  assert.match(text, /acknowledged records? (is|are) gone/);
  assert.match(text, /orders-0: offsets? \d+.*acks=1: only the leader had to have them/s);
  await run(page, "sim ledger");
  const counted = Number(text.match(/^(\d+)/)[1]);
  assert.ok((await page.getByLabel("Output of terminal 1").innerText()).includes(String(counted)), `${counted} is what the ledger counts`);
  await picture(page, "stage-lost");
  await view(page, "Log");
  await page.locator(".logv .lost").getByText("acks=1").waitFor();
  assert.deepEqual(wrong, []);
  await close();
});

test("compaction leaves the offsets of what made way, and says how far it came", async () => {
  const { page, wrong, close } = await open();
  const lines = ["kafka-topics --bootstrap-server :9092 --create --topic prices --partitions 1 --replication-factor 3 --config cleanup.policy=compact --config segment.ms=1000 --config min.cleanable.dirty.ratio=0.01 --config min.compaction.lag.ms=0",
    "sim run 3s", "printf 'a:1\\na:2\\nb:1\\na:3\\nb:2\\n' | kafka-console-producer --bootstrap-server :9092 --topic prices --property parse.key=true --property key.separator=:", "sim run 5s",
    "printf 'c:1\\n' | kafka-console-producer --bootstrap-server :9092 --topic prices --property parse.key=true --property key.separator=:", "sim run 60s"];
  for (const line of lines) await run(page, line);
  // A typed program lets time run on; it stands still for the picture.
  await page.waitForFunction(() => document.querySelector(".deck .t").innerText >= "01:16");
  await page.locator(".play[aria-pressed=true]").click();
  await view(page, "Log");
  await page.locator(".logv select").selectOption("prices-0");
  const row = page.locator(".lrow.lead");
  await row.getByText(/compacted up to \d+ at .*: \d+ gone/).waitFor();
  const swept = await row.locator(".cell.swept").evaluateAll((all) => all.map((cell) => cell.title));
  assert.deepEqual(swept.map((title) => Number(title.match(/offset (\d+)/)[1])), [0, 1, 2], "a:1, a:2 and b:1 made way; a:3 and b:2 kept their offsets");
  assert.deepEqual((await row.locator("button.cell").allInnerTexts()).map((text) => Number(text.match(/\d+/)[0])), [3, 4, 5]);
  assert.match(await row.locator(".gauge").innerText(), /^dirty: 0\.0 % of \d+ B · cleaned above 1\.0 % \(min\.cleanable\.dirty\.ratio\)$/);
  await picture(page, "view-log-compacted");
  const before = await page.locator(".deck .t").innerText();
  await row.getByRole("button", { name: /compacted up to/ }).click();
  assert.notEqual(await page.locator(".deck .t").innerText(), before);
  assert.deepEqual(wrong, []);
  await close();
});

test("faults are drawn on the stage and told in words: slow links, disks, clocks, traps, pauses, and what reached nobody", async () => {
  const { page, wrong, close } = await open();
  assert.deepEqual(await faults(page), []);
  const calm = await pixels(page, "--warn");
  for (const line of ["sim delay 1 | 2 200ms", "sim disk broker 2 slow 500ms", "sim skew broker 3 +5s", "sim disk broker 3 full", "sim drop Produce response 1 > term:2", "sim pause broker 2", "sim when 'end(\"orders\", 0) > 1000' sim kill broker 1"]) await run(page, line);
  await page.waitForTimeout(300);
  const said = await faults(page);
  const output = await page.getByLabel("Output of terminal 1").innerText();
  for (const part of [/slow: broker-1 → broker-2, \+200 ms/, /slow: broker-2 → broker-1, \+200 ms/, /broker-2: each write takes 500 ms/, /broker-3: the disk is full/, /broker-3: the clock is 5 s ahead/, /waits: when end\("orders", 0\) > 1000: sim kill broker 1/]) {
    assert.ok(said.some((line) => part.test(line)), `${part} in ${said.join("; ")}\n${output}`);
  }
  assert.ok(await pixels(page, "--warn") > calm + 40, "the slow link is drawn");
  assert.match(await page.locator('[data-node="broker-3"] .trouble').innerText(), /the disk is full · the clock is 5 s ahead|the clock is 5 s ahead/);
  assert.equal(await page.locator('[data-node="broker-2"].paused').count(), 1);
  await picture(page, "stage-faults");
  await page.locator(".insp").getByRole("button", { name: "End every fault" }).click();
  await page.waitForFunction(() => !document.querySelector(".trouble"));
  assert.deepEqual((await faults(page)).filter((line) => !/^(lost|waits):/.test(line)), []);

  // A message that reaches nobody leaves a cross for a while, and a line for good.
  await run(page, "sim run 20s");
  const clean = await pixels(page, "--f-error");
  await run(page, "sim kill broker 2");
  for (let i = 0; i < 400 && !(await faults(page)).some((line) => line.startsWith("lost:")); i++) await step(page);
  assert.match((await faults(page)).find((line) => line.startsWith("lost:")) ?? "", /lost: \w+ (request|response) .* → broker-2, nobody there/);
  // With the next frame, whenever a busy machine has one.
  for (let i = 0; i < 40 && await pixels(page, "--f-error") <= clean + 8; i++) await page.waitForTimeout(50);
  assert.ok(await pixels(page, "--f-error") > clean + 8, "a cross is drawn");
  assert.deepEqual(wrong, []);
  await close();
});
