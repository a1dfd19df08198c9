// The views beside the stage, each driven to the moment it is for, and photographed there for docs/.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LAPTOP, PHONE, accessibilityFaults, open, output, picture, run, view, visitTheSite } from "../js/visitor.mjs";

visitTheSite();

const clock = (page) => page.locator(".deck .t").innerText();

// A leader dies with records that no follower has, and comes back after another led: its log is cut.
async function truncate(page) {
  await run(page, "kafka-verifiable-producer --bootstrap-server localhost:9092 --topic orders --throughput 20 --acks 1 &");
  await run(page, "sim run 3s");
  await run(page, "sim cut leader:orders-0 | followers:orders-0");
  await run(page, "sim run 300ms");
  const leader = await page.locator(".lrow.lead .lname b").innerText();
  const id = leader.match(/\d+/)[0];
  await run(page, `sim kill broker ${id}`);
  await run(page, "sim run 12s");
  await run(page, "sim heal");
  await run(page, `sim start broker ${id}`);
  await run(page, "sim run 12s");
  return id;
}

test("the log view shows replicas over one axis, and what a replica cut off as a torn outline that leads to its moment", async () => {
  const { page, wrong, close } = await open({ fragment: "#lesson=lost-ack" });
  await view(page, "Log");
  assert.equal(await page.locator(".lrows .lrow").count(), 3);
  const id = await truncate(page);
  const row = page.locator(".lrow", { hasText: `Broker ${id}` });
  const torn = row.locator(".torn .link");
  await torn.waitFor();
  const [, from, to] = (await torn.innerText()).match(/(\d+)–(\d+)/).map(Number);
  assert.ok(to >= from, "what was cut off has offsets");
  const ends = await page.locator(".lrow:not(.reader) .lname small:nth-of-type(1)").allInnerTexts();
  for (const text of ends) {
    const [, watermark, end] = text.match(/HW (\d+) · end (\d+)/).map(Number);
    assert.ok(watermark <= end && end > to, text);
  }
  // Look at the offsets where it happened.
  await page.getByLabel("Offsets shown").fill(String(to + 4));
  await page.locator(".cell.ghost").first().waitFor();
  await picture(page, "view-log");
  const before = await clock(page);
  await torn.click();
  assert.notEqual(await clock(page), before, "the mark leads to its moment");
  await run(page, "sim run 1ms");
  assert.deepEqual(wrong, []);
  await close();
});

test("the cluster shows brokers, records, clients, and what flies between them", async () => {
  const { page, wrong, close } = await open({ colorScheme: "dark" });
  for (let i = 0; i < 40 && !/in flight\s*[2-9]/.test(await page.locator(".insp").innerText()); i++) await run(page, "sim run 1ms");
  assert.match(await page.locator(".insp").innerText(), /in flight\s*[2-9]/);
  assert.equal(await page.locator(".broker").count(), 3);
  assert.ok(await page.locator(".rep.lead .cell").count() > 5);
  await page.mouse.move(0, 0);
  await picture(page, "view-cluster", ".app");
  assert.deepEqual(wrong, []);
  await close();
});

test("the load lesson: a bet, its commands, and the curve that the leaders' appends draw", async () => {
  const { page, wrong, close } = await open({ fragment: "#lesson=load", colorScheme: "light" });
  const pane = page.locator("aside.lesson");
  await pane.getByRole("button", { name: "Next step" }).click();
  await pane.getByLabel("2,420").check();
  await run(page, "TOPICS=experiments GROUP=lab python consumer.py", 2);
  await run(page, "sim run 10s");
  await run(page, "experiment-producer -b localhost:9092 --config-file loads/3.json --topic experiments");
  await run(page, "sim run 90s");
  await pane.getByText("agrees").waitFor();
  assert.match(await page.locator(".chart").innerText(), /peak 9\d/);
  // Sixteen partitions of three brokers stand close: the topic stands above them, and each says which it is.
  assert.deepEqual(await page.locator('[data-node="broker-1"] .tn').allInnerTexts(), ["experiments"]);
  const names = await page.locator('[data-node="broker-1"] .rh b').evaluateAll((all) => all.filter((b) => b.scrollWidth <= b.clientWidth + 1 && /^(♛ |☆ )?\d+$/.test(b.innerText)).length);
  assert.equal(names, 16);
  await picture(page, "load-light", ".app");
  assert.deepEqual(wrong, []);
  await close();
});

test("a record says who holds it and who may read it; the selection is that of every view", async () => {
  const { page, wrong, close } = await open();
  await view(page, "Log");
  await page.locator(".lrow.lead button.cell").first().click();
  const pane = page.getByLabel("Inspector", { exact: true });
  await pane.getByText("Record 0 of orders-0").waitFor();
  await pane.getByText(/yes: below the high watermark/).waitFor();
  await pane.getByText("1 (e0), 2 (e0), 3 (e0)").waitFor();
  const [, second, ms, stamp] = (await pane.innerText()).match(/CreateTime\s+2027-01-15 08:00:(\d\d),(\d{3}) UTC \((\d+) ms\)/);
  assert.equal(Number(stamp), Date.UTC(2027, 0, 15, 8, 0, Number(second), Number(ms)));
  await pane.getByRole("button", { name: "JSON" }).click();
  assert.equal(JSON.parse(await pane.locator("pre").innerText()).record.offset, 0);
  await pane.getByRole("button", { name: "orders-0" }).click();
  await view(page, "Cluster");
  assert.equal(await page.locator(".rep.sel").count(), 1);
  assert.deepEqual(wrong, []);
  await close();
});

test("another thing is looked at from its top, and without what led to the one before", async () => {
  const { page, close } = await open();
  await run(page, "sim kill broker 1");
  await run(page, "sim run 12s");
  const pane = page.getByLabel("Inspector", { exact: true });
  for (const name of ["orders-1", "orders-0"]) {
    await page.locator('[data-node="broker-2"] .rep', { hasText: name }).click();
    await pane.getByRole("button", { name: "why" }).first().click();
    await pane.getByRole("heading", { name: /Why event/ }).waitFor();
    assert.match(await pane.locator(".why li").first().innerText(), new RegExp(name), "what was asked about is told");
  }
  await pane.evaluate((e) => e.scrollTo(0, 400));
  await page.locator('[data-node="controller-101"]').click();
  await pane.getByRole("heading", { name: "Controller 101" }).waitFor();
  assert.equal(await pane.evaluate((e) => e.scrollTop), 0);
  assert.equal(await pane.getByRole("heading", { name: /Why event/ }).count(), 0);
  // A dead broker's header is a line as the others' are, so that its tiles stand beside theirs.
  const tops = await page.locator(".broker .rep:first-child").evaluateAll((all) => all.map((rep) => Math.round(rep.getBoundingClientRect().top)));
  assert.equal(new Set(tops).size, 1, `${tops}`);
  await close();
});

test("every view leads to the marks and keys, and its own marks come first", async () => {
  for (const viewport of [LAPTOP, PHONE]) {
    const { page, close } = await open({ viewport });
    for (const [name, first] of [["Cluster", "Cluster"], ["Log", "Log"], ["Space-time", "Space-time"], ["Groups", "Groups"], ["Metrics", "Cluster"]]) {
      await view(page, name);
      if (viewport === PHONE) {
        await page.locator(".menu.rest > .btn").click();
        await page.getByRole("menuitemradio", { name: "Marks and keys" }).click();
      } else {
        await page.locator(".tabs.views").getByRole("button", { name: "Marks and keys" }).click();
      }
      assert.equal(await page.locator(".sheet h3").first().innerText(), first.toUpperCase());
      await page.getByRole("button", { name: "Close" }).click();
    }
    // By key, from the stage and back to it.
    await view(page, "Cluster");
    await page.locator(".stage").focus();
    await page.keyboard.press("?");
    await page.locator(".sheet").waitFor();
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.activeElement.classList.contains("stage"));
    await close();
  }
});

test("zoom and the slider choose the offsets, and the end is followed until the reader looks elsewhere", async () => {
  const { page, close } = await open();
  await view(page, "Log");
  await run(page, "sim run 60s");
  const shown = page.locator(".logv .num");
  const following = await shown.innerText();
  const changed = (from) => page.waitForFunction((text) => document.querySelector(".logv .num").innerText !== text, from);
  await page.getByLabel("Show fewer offsets").click();
  await changed(following);
  await page.getByLabel("Offsets shown").fill("20");
  await shown.getByText("offsets 8–19").waitFor();
  await run(page, "sim run 10s");
  await page.locator(".deck .t").getByText("01:18.000").waitFor();
  assert.equal(await shown.innerText(), "offsets 8–19", "the end has moved on, and the reader looks where he looked");
  await page.getByRole("button", { name: "follow end" }).click();
  await changed("offsets 8–19");
  await close();
});

test("space-time shows messages lost at a dead broker; a click goes to a moment and tells what led to it", async () => {
  const { page, wrong, close } = await open();
  await run(page, "sim kill broker 1");
  await run(page, "sim run 9s");
  await run(page, "sim run 182ms");
  await view(page, "Space-time");
  await page.locator(".hop").first().waitFor({ state: "attached" });
  assert.ok(await page.locator(".hop .x").count() > 0, "messages to the dead broker are marked");
  await picture(page, "view-space-time");
  await run(page, "sim run 3s");
  const list = page.locator(".hops button");
  const before = await clock(page);
  await list.nth(12).click();
  await page.locator(".flowv .why").waitFor();
  assert.notEqual(await clock(page), before);
  const causes = await page.locator(".why li").count();
  assert.ok(causes > 1, `${causes} causes`);
  assert.deepEqual(wrong, []);
  await close();
});

test("every message of space-time is a request or an answer between two lanes, and quiet ones are counted", async () => {
  const { page, close } = await open();
  await view(page, "Space-time");
  for (let i = 0; i < 4; i++) await page.getByLabel("Show more time").click();
  await page.getByText(/quiet messages? not drawn/).waitFor();
  const drawn = await page.locator(".hop").count();
  await page.getByRole("button", { name: "quiet too" }).click();
  await page.waitForFunction((n) => document.querySelectorAll(".hop").length > n, drawn);
  const lines = await page.locator(".hops span").allInnerTexts();
  for (const line of lines) assert.match(line, /^[a-z]+-\d+ → [a-z]+-\d+: \w+ (request|answer)/);
  await close();
});

test("the group view shows a rebalance as it was: joining, syncing, stable, and partitions that change hands", async () => {
  const { page, wrong, close } = await open();
  await view(page, "Groups");
  assert.equal(await page.locator(".matrix tbody tr").count(), 3, "two members and the group");
  await run(page, "sim kill app 3");
  await run(page, "sim run 60s");
  const states = page.locator(".ribbon").first();
  const told = await states.locator("title").allTextContents();
  const order = told.map((text) => text.split(" · ")[0]);
  for (const state of ["PreparingRebalance", "CompletingRebalance", "Stable"]) assert.ok(order.includes(state), `${state} in ${order}`);
  assert.equal(order.at(-1), "Stable");
  assert.equal(await page.locator(".matrix tbody tr").count(), 2, "the dead member is out");
  assert.equal(await page.locator(".matrix .own").count(), 2, "its partition has a new owner");
  const share = await page.locator(".matrix .bar .part").first().boundingBox();
  assert.ok(share?.width > 10, "what is committed is drawn");
  // Who takes the place comes last, and the ribbons, which remember the dead one too, have the same order.
  await run(page, "kafka-console-consumer --bootstrap-server localhost:9092 --topic orders --group billing", 3);
  await run(page, "sim run 20s");
  const rows = await page.locator(".matrix .who .link").allInnerTexts();
  assert.deepEqual(rows, ["app-4", "app-5"]);
  assert.deepEqual(await page.locator(".ribbon > span").allInnerTexts(), ["state", "app-3", ...rows]);
  assert.equal(await page.locator(".ribbon").nth(1).locator("g:last-child .r-none").count(), 1, "what the dead member owned ends with it");
  await picture(page, "view-groups");
  assert.deepEqual(wrong, []);
  await close();
});

test("two branches are compared at the same time", async () => {
  const { page, wrong, close } = await open();
  await run(page, "sim kill broker 1");
  await run(page, "sim run 25s");
  // Broker 2 dies when it leads: sooner, and whose session ends first would be a matter of some milliseconds.
  await run(page, "sim until 18s");
  await run(page, "sim kill broker 2");
  await run(page, "sim run 14s");
  await view(page, "Branches");
  await page.getByRole("button", { name: "Compare with branch main" }).click();
  const rows = page.locator(".compare tbody tr");
  await rows.first().waitFor();
  const text = await rows.filter({ hasText: "orders-0: leader" }).innerText();
  assert.match(text, /3 in epoch 2\s+2 in epoch 1/);
  await page.getByText("Both at 00:32.000").waitFor();
  // Both branches stand side by side, and what differs is outlined: the dead broker, and the records one of them lacks.
  assert.equal(await page.locator(".twin").count(), 2);
  const twin = (name) => page.locator(".twin").filter({ has: page.getByRole("heading", { name, exact: true }) });
  assert.equal(await twin("main").locator(".broker.down").count(), 1, "broker 1 is dead in both");
  assert.equal(await twin("1: sim kill broker 2").locator(".broker.down").count(), 2);
  assert.match(await twin("main").locator(".broker.differs").innerText(), /Broker 2/);
  assert.ok(await twin("main").locator(".cell.dif").count() > 0, "records that the other branch does not have");
  assert.equal(await twin("main").locator('[data-node="broker-1"] .rep.differs').count(), 0, "what is the same is not outlined");
  await picture(page, "view-branches");
  await page.getByRole("button", { name: "Show branch main" }).click();
  assert.equal(await page.locator(".compare tbody tr").count(), 0, "a branch is not compared with itself");
  assert.deepEqual(wrong, []);
  await close();
});

test("metrics have Kafka's names, their course over the timeline's axis, and their values before a marked moment and now", async () => {
  const { page, wrong, close } = await open();
  await run(page, "sim run 12s");
  await run(page, "sim kill broker 1");
  await run(page, "sim run 15s");
  await page.locator(".stage").focus();
  await page.keyboard.press("5");
  const row = (name) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: new RegExp(`^${name}\\b`) }) });
  const values = async (name) => (await row(name).getByRole("cell").allInnerTexts()).slice(1);
  await row("UnderReplicatedPartitions").waitFor();
  assert.deepEqual(await values("FencedBrokerCount"), ["0", "1", "+1"]);
  assert.deepEqual(await values("ActiveControllerCount"), ["1", "1", "="]);
  // Both consumers' topic has one reader; followers take every byte twice.
  for (const name of ["BytesOutPerSec", "ReplicationBytesOutPerSec"]) {
    assert.match((await values(name))[0], /^\d.*B\/s$/);
  }
  const [before, now] = await values("UnderReplicatedPartitions");
  assert.ok(before === "0" && Number(now) > 0, `${before} → ${now}`);
  assert.match((await values("BytesInPerSec"))[0], /B\/s$/);
  assert.match((await values("request-latency-avg"))[0], /^\d+(\.\d+)? ms$/);
  await page.getByText("before and after 00:20.000").waitFor();
  await page.getByText("sim kill broker 1").first().waitFor();
  await picture(page, "view-metrics");
  // The courses lie over the timeline's axis: a click goes to the moment below it.
  const box = await row("MessagesInPerSec").locator("svg").boundingBox();
  await page.mouse.click(box.x + box.width * 0.5, box.y + box.height / 2);
  assert.notEqual(await clock(page), "00:35.000");
  await page.getByRole("button", { name: "mark this moment" }).click();
  await page.getByText(`before and after ${await clock(page)}`).waitFor();
  await page.getByRole("button", { name: "last command" }).click();
  assert.deepEqual(wrong, []);
  await close();
});

test("time runs until a condition holds, a message arrives, or a week is over", async () => {
  const { page, wrong, close } = await open();
  await page.locator(".stage").focus();
  await page.keyboard.press("r");
  await page.getByRole("textbox", { name: "Run until" }).fill('high_watermark("orders", 0) >= 12');
  await page.keyboard.press("Enter");
  await page.locator(".toast").getByText("now").waitFor();
  assert.match(await page.locator(".rep.lead").first().innerText(), /HW 12/);
  await run(page, 'sim until nonsense("x")');
  await page.locator(".toast").getByText("there is no fact").waitFor();
  const event = async () => Number((await page.getByLabel("Moment").getAttribute("aria-valuetext")).match(/event (\d+)/)[1]);
  const before = await event();
  await page.getByRole("button", { name: "Run until the next message arrives" }).click();
  await page.waitForFunction((n) => !document.querySelector('[aria-label="Moment"]').getAttribute("aria-valuetext").includes(`event ${n}.`), before);
  const jump = page.locator(".menu").filter({ has: page.locator('[title="Run ahead"]') });
  await jump.getByRole("button").first().click();
  await jump.getByText("sim run 7d").waitFor();
  await jump.getByText("sim run 5min").or(jump.getByText("sim run 45s")).first().click();
  await page.waitForFunction(() => document.querySelector(".play").getAttribute("aria-pressed") === "false");
  assert.deepEqual(wrong, []);
  await close();
});

test("the inspector says since when, leads there, and tells why; configs have a source", async () => {
  const { page, wrong, close } = await open();
  await run(page, "sim kill broker 1");
  await run(page, "sim run 15s");
  await page.locator('[data-node="broker-2"] .rep.lead').first().click();
  const pane = page.getByLabel("Inspector", { exact: true });
  await pane.getByRole("button", { name: "why" }).first().click();
  await pane.locator(".why li").first().waitFor();
  assert.match(await pane.locator(".why").innerText(), /Broker 1 is fenced|has a timer that is due/);
  await pane.getByRole("button", { name: "Configs" }).click();
  await pane.getByText("DYNAMIC_TOPIC_CONFIG; default 1").waitFor();
  await pane.evaluate((e) => e.scrollTo(0, 0));
  await picture(page, "inspector-why", ".rail");
  await page.locator('[data-node="broker-1"] .bh').click();
  await pane.getByText("sim kill broker 1").first().waitFor();
  assert.match(await pane.locator(".fields dd").first().innerText(), /^killed for 15 s\n.*since 00:08\.000/s);
  await page.locator(".client", { hasText: "producer-1" }).click();
  await pane.locator(".configs tr", { hasText: "retries" }).getByText("set by the program; default 2147483647").waitFor();
  assert.equal(await pane.locator(".configs tr", { hasText: "linger.ms" }).first().innerText(), "linger.ms\t5");
  await page.locator('[data-node="broker-2"] .rep.lead').first().click();
  const since = pane.getByRole("button", { name: /^since/ }).first();
  const moment = (await since.innerText()).replace("since ", "");
  await since.click();
  assert.equal(await clock(page), moment);
  assert.deepEqual(wrong, []);
  await close();
});

test("the inspector lists what a process sent and got, with the moment of each", async () => {
  const { page, wrong, close } = await open();
  await page.locator('[data-node="broker-2"] .bh').click();
  const pane = page.getByLabel("Inspector", { exact: true });
  await pane.getByRole("button", { name: "Messages" }).click();
  await pane.locator(".hops li").first().waitFor();
  const lines = await pane.locator(".hops span").allInnerTexts();
  assert.ok(lines.length > 10 && lines.every((line) => /^broker-2 → |^\S+ → broker-2: /.test(line)), lines.join("\n"));
  assert.ok(lines.some((line) => /^broker-2 → .*: Fetch request/.test(line)) && lines.some((line) => /→ broker-2: Fetch answer/.test(line)));
  const before = await clock(page);
  await pane.locator(".hops button").nth(9).click();
  assert.notEqual(await clock(page), before);
  await pane.locator(".why li").first().waitFor();
  await page.locator('[data-node="controller-103"]').click();
  await pane.getByText(/controller-103 → |→ controller-103/).first().waitFor();
  await page.locator(".rep").first().click();
  assert.equal(await pane.locator(".hops").count(), 0, "a partition is no process");
  assert.deepEqual(wrong, []);
  await close();
});

test("names in what terminals show are links that select, by the pointer and by arrows; what was typed is not", async () => {
  const { page, wrong, close } = await open();
  const link = (name) => output(page).getByRole("link", { name, exact: true }), title = (text) => page.locator(".insp h2").getByText(text, { exact: true }).waitFor();
  await run(page, "sim kill broker 3");
  await link("broker-3").click();
  await title("Broker 3");
  await run(page, "kafka-topics --bootstrap-server :9092 --describe --topic orders");
  await link("orders").first().click();
  await title("orders");
  assert.equal(await page.locator(".rep.sel").count(), 6, "a topic is all its replicas");
  await page.locator(".insp").getByRole("button", { name: "orders-1", exact: true }).click();
  await title("orders-1");
  assert.equal(await page.locator(".rep.sel").count(), 3);
  await page.locator(".insp").getByRole("button", { name: "orders", exact: true }).click();
  await title("orders");
  assert.equal(await output(page).locator(".command .ref").count(), 0);
  await output(page).focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.evaluate(() => document.activeElement.innerText), "broker-3");
  await page.keyboard.press("Enter");
  await title("Broker 3");
  assert.deepEqual(wrong, []);
  await close();
});

test("a message on its way is looked into, held up and lost: by the pointer, the keyboard and the list, each act a command", async () => {
  const { page, wrong, close } = await open();
  const ask = (kind, text = "") => page.evaluate(([kind, text]) => JSON.parse(globalThis.kafkasim(kind, text)), [kind, text]);
  const flying = async () => (await ask("snapshot")).flights.filter((f) => f.api === "Produce" && !f.is_response);
  const untilOneFlies = async () => { for (let i = 0; i < 600 && (await flying()).length === 0; i++) await ask("step"); };
  const title = page.locator(".insp h2");
  await untilOneFlies();
  const [one] = await flying();
  const flights = (await ask("snapshot")).flights.length;

  // By the keyboard: F goes from one to the next.
  await page.locator(".stage").focus();
  for (let i = 0; i < flights && (await title.innerText()) !== "Produce request"; i++) await page.keyboard.press("f");
  assert.equal(await title.innerText(), "Produce request");
  const field = (name) => page.locator(".insp .configs tr", { hasText: name }).locator("td").last().innerText();
  assert.equal(await field("acks"), "-1");
  assert.match(await field("orders-"), /^records 1, bytes \d+/);
  const due = () => page.locator(".insp .fields dd").first().innerText();
  assert.match(await due(), /^\d\d:\d\d\.\d{3}, in \d+ µs$/);

  // An act is a command in the terminal, and the engine has done it.
  await page.locator(".insp .act", { hasText: "Hold it up" }).click();
  await output(page).getByText(/^Produce request #\d+ app-\d+ > broker-1 arrives 100ms later/).waitFor();
  await page.locator(".insp .fields dd", { hasText: /in 10\d ms/ }).waitFor();
  assert.equal((await flying())[0].arrives_ns, one.arrives_ns + 100_000_000);
  await page.locator(".insp .act", { hasText: "Lose it:" }).click();
  await output(page).getByText(/is lost, and its connection is reset/).waitFor();
  await page.locator(".insp .fields dd", { hasText: "no longer on its way" }).waitFor();
  assert.deepEqual(await flying(), []);
  assert.equal(await page.locator(".insp .act").count(), 0, "nothing can be done to what is gone");

  // By the pointer: on the canvas, where it is drawn.
  await page.keyboard.press("Escape");
  await ask("run", "900");
  await page.waitForFunction(() => document.querySelector(".play").getAttribute("aria-pressed") === "false");
  await untilOneFlies();
  await page.waitForTimeout(200);
  const stage = await page.locator(".stage").boundingBox();
  find: for (let y = stage.y + 44; y < stage.y + stage.height; y += 7) for (let x = stage.x + 8; x < stage.x + stage.width; x += 11) {
    await page.mouse.move(x, y);
    if (await page.locator(".stage[data-aim='1'] .tip", { hasText: "Produce request" }).isVisible()) {
      await page.mouse.click(x, y);
      if ((await title.innerText()) === "Produce request") break find;
    }
  }
  assert.equal(await title.innerText(), "Produce request");
  await picture(page, "inspector-message", ".rail");

  // By the list, which stands below the cluster's fields.
  await page.locator(".stage").focus();
  await page.keyboard.press("Escape");
  await page.locator(".flights").getByRole("button", { name: "Produce request" }).first().click();
  assert.equal(await title.innerText(), "Produce request");
  assert.deepEqual(wrong, []);
  await close();
});

test("with reduced motion nothing travels: a message is a lit line", async () => {
  const { page, wrong, close } = await open({ reducedMotion: "reduce" });
  assert.equal(await page.evaluate(() => document.documentElement.dataset.motion), "reduced");
  await page.locator(".stage").focus();
  await page.keyboard.press("?");
  const button = page.getByRole("button", { name: "Reduced motion" });
  assert.equal(await button.getAttribute("aria-pressed"), "true");
  await button.click();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.motion), "full", "the reader overrules the system");
  assert.deepEqual(wrong, []);
  await close();
});

test("a screen reader is told each step at once", async () => {
  const { page, close } = await open();
  await page.locator(".stage").focus();
  const tells = (start) => page.waitForFunction((start) =>
    [...document.querySelectorAll('p[aria-live="polite"]')].some((p) => p.textContent !== "" && p.textContent.startsWith(start)), start);
  await page.keyboard.press(".");
  await tells("");
  await page.keyboard.press(",");
  await tells("Back at");
  await close();
});

for (const colorScheme of ["dark", "light"]) {
  for (const [name, viewport] of [["laptop", LAPTOP], ["phone", PHONE]]) {
    test(`axe finds nothing in any view on a ${name} in the ${colorScheme} theme, and nothing is cut off`, async () => {
      const { page, close } = await open({ viewport, colorScheme, bypassCSP: true });
      if (viewport === LAPTOP) await run(page, "sim kill broker 1");
      for (const tab of ["Log", "Space-time", "Groups", "Metrics", "Branches"]) {
        await view(page, tab);
        await page.locator(".view").waitFor();
        assert.deepEqual(await accessibilityFaults(page), [], tab);
        const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(beyond <= 0, `${tab} is ${beyond} px too wide`);
      }
      await close();
    });
  }
}
