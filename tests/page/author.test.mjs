// The author's page, progress that is kept and carried, hints one by one, steps that are locked; and what a newcomer does first.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { PHONE, accessibilityFaults, open, otherSite, picture, run, tab, visitTheSite } from "../js/visitor.mjs";

visitTheSite();

const write = (page) => page.locator(".choose select").selectOption({ label: "Write a lesson…" });
const draft = (page) => page.getByLabel("The lesson file");
const front = "---\nid: mine\ntitle: Mine\ncluster: {\"brokers\": 1, \"controllers\": 1}\ntopics: [{\"name\": \"orders\", \"partitions\": 1, \"replication_factor\": 1}]\n---\n";
const check = "\n```check\nA record is there :: end(\"orders\", 0) >= 1\n```\n";

test("a lesson's faults are told with line and column while it is typed, a click goes there, and it is played", async () => {
  const { page, wrong, close } = await open({ bypassCSP: true });
  await write(page);
  await page.getByText(/“My first lesson” is whole: 3 steps, 1 check, 1 prediction/).waitFor();
  assert.equal(await draft(page).evaluate((field) => field.selectionStart), 0, "one begins to read at the beginning");
  await picture(page, "author", ".author");
  assert.deepEqual(await accessibilityFaults(page), []);
  await draft(page).fill(`${front}# Mine\n\n## One\n${check.replace("end(", "ends(")}`);
  const fault = page.getByRole("button", { name: /Line 12, column 22.*there is no fact `ends`/ });
  await fault.waitFor();
  assert.equal(await page.getByRole("button", { name: "Play it" }).isDisabled(), true);
  await fault.click();
  const at = await draft(page).evaluate((field) => field.value.slice(field.selectionStart, field.selectionStart + 4));
  assert.equal(at, "ends");
  await draft(page).fill(`${front}# Mine\n\nRead me.\n\n## One\n${check}`);
  await page.getByRole("button", { name: "Play it" }).click();
  await page.getByText("Step 1 of 2").waitFor();
  await page.getByRole("button", { name: "Next step" }).click();
  await run(page, "echo x | kafka-console-producer --bootstrap-server :9092 --topic orders");
  await run(page, "sim run 5s");
  await page.locator(".goal.met").getByText("A record is there").waitFor();
  assert.deepEqual(wrong, []);
  await close();
});

test("a line of a lesson says whom it is for, and names in its questions and goals stand out", async () => {
  const { page, wrong, close } = await open();
  await write(page);
  const lines = "```console\n$ kafka-console-producer --bootstrap-server :9092 --topic orders\n```\n```console\n> hello\n```\n```console\n^C\n```\n";
  const bet = "```predict\nWhere is `hello`?\n- 1 :: in `orders`\n- 2 :: a < b, `open\nanswer: end(\"orders\", 0)\n```\n";
  await draft(page).fill(`${front}# Mine\n\nRead me.\n\n## One\n\n${lines}${bet}${check.replace("A record", "`hello`")}`);
  await page.getByRole("button", { name: "Play it" }).click();
  await page.getByRole("button", { name: "Next step" }).click();
  await page.locator(".lesson .cmd").nth(2).waitFor();
  const prompts = await page.locator(".lesson .cmd span").evaluateAll((all) => all.map((span) => getComputedStyle(span, "::before").content));
  assert.deepEqual(prompts, ['"$ "', '"> "', "none"]);
  assert.deepEqual(await page.locator(".lesson :is(legend, label, .goal) code").allInnerTexts(), ["hello", "orders", "hello"]);
  assert.equal(await page.locator(".lesson label").last().innerText(), "a < b, `open");
  assert.deepEqual(wrong, []);
  await close();
});

test("a hostile lesson runs nothing, and is told what does not work in it", async () => {
  const { page, wrong, close } = await open();
  await page.evaluate(() => { window.ran = 0; });
  await write(page);
  const hostile = `${front}# <img src=x onerror="ran=1">\n\n<script>ran = 1</script>\n\n[a](javascript:ran=1) [b](data:text/html,<script>ran=1</script>)\n\n## <b onclick="ran=1">One</b>\n${check}`;
  await draft(page).fill(hostile);
  await page.getByText("Line 9: HTML is left out").waitFor();
  await page.getByText("Line 11: only links to http:// and https:// work").waitFor();
  await page.getByRole("button", { name: "Play it" }).click();
  await page.locator(".lesson .md").getByText("a b").waitFor();
  assert.equal(await page.locator('.lesson a[href^="javascript"], .lesson a[href^="data"], .lesson script, .lesson img, .lesson b[onclick]').count(), 0);
  assert.equal(await page.evaluate(() => window.ran), 0);
  // Front matter of a hundred megabytes: a file that large is not read, and what is pasted of it is refused.
  await write(page);
  await draft(page).evaluate((field) => {
    field.value = `---\nid: ${"x".repeat(1_099_000)}`;
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  });
  await page.getByText(/the file has \d+ bytes; a lesson has at most 1048576/).waitFor();
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Open a file…" }).click();
  await (await chooser).setFiles({ name: "big.md", mimeType: "text/markdown", buffer: Buffer.alloc(5 << 20, "x") });
  await page.locator(".toast").getByText("The file has 5,242,880 bytes; that is too much").waitFor();
  assert.deepEqual(wrong, []);
  await close();
});

test("progress is kept, saved as a file and taken in elsewhere; the state can be copied for who is asked for help", async () => {
  const { page, context, close } = await open({ permissions: ["clipboard-read", "clipboard-write"] });
  await page.evaluate(() => localStorage.setItem("kafkasim.progress", JSON.stringify([{ lesson: "load", steps: [1, 2], complete: true }])));
  await page.reload();
  await page.locator(".choose option", { hasText: "✓" }).waitFor({ state: "attached" });
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save progress" }).click();
  const file = await (await download).path();
  assert.deepEqual(JSON.parse(await readFile(file, "utf8")), [{ lesson: "load", steps: [1, 2], complete: true }]);
  await page.evaluate(() => localStorage.clear());
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Load progress" }).click();
  await (await chooser).setFiles(file);
  await page.locator(".toast").getByText("Progress in 1 lesson is taken in").waitFor();
  await run(page, "sim kill broker 1");
  await page.getByRole("button", { name: "Copy state for help" }).click();
  await page.locator(".toast").getByText("Copied").waitFor();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  for (const part of ["terminal 1: sim kill broker 1", "broker 1: killed", "orders-0: leader", "replay: http"]) assert.ok(text.includes(part), text);
  await context.clearPermissions();
  await close();
});

test("hints come one after the other, and a teacher's lock holds until it is opened", async () => {
  const hints = "\n```hint\nFirst.\n```\n\n```hint\nSecond.\n```\n";
  const { page, close } = await open();
  await write(page);
  await draft(page).fill(`${front}# Mine\n${hints}${check}`);
  await page.getByRole("button", { name: "Play it" }).click();
  await page.getByRole("button", { name: "Hint 1 of 2" }).waitFor();
  assert.equal(await page.getByText("Hint 2 of 2").count(), 0);
  await page.getByRole("button", { name: "Hint 1 of 2" }).click();
  await page.getByText("First.").waitFor();
  await page.getByRole("button", { name: "Hint 2 of 2" }).click();
  await page.getByText("Second.").waitFor();
  await close();

  const other = await otherSite({
    "/class.html": (site) => ({ headers: {}, html: `<!doctype html><html lang="en"><title>x</title><kafka-sim lesson="lost-ack" lock="2"></kafka-sim><script type="module" src="${site}embed.js"></script>` }),
  });
  const classroom = await tab(`${other.url.replace("/nothing/", "/")}class.html`, { viewport: { width: 1200, height: 900 } });
  const sim = classroom.page.locator("kafka-sim");
  await sim.evaluate((element) => element.ready());
  const inside = classroom.page.frames()[1];
  await inside.getByRole("button", { name: "Next step" }).click();
  await inside.getByText("The next step is locked until your teacher opens it.").waitFor();
  assert.equal(await inside.getByRole("button", { name: "Next step" }).count(), 0);
  await sim.evaluate((element) => element.lock());
  await inside.getByRole("button", { name: "Next step" }).waitFor();
  await classroom.close();
  other.close();
});

for (const [name, viewport, colorScheme] of [["laptop", undefined, "dark"], ["phone", PHONE, "light"], ["tablet", { width: 768, height: 1024 }, "dark"], ["large screen", { width: 1920, height: 1080 }, "light"]]) {
  test(`a newcomer on a ${name} sends a record, sees it consumed, kills the leader, sees another lead and goes back, within a minute`, async () => {
    const { page, wrong, close } = await open({ viewport, colorScheme });
    const began = Date.now();
    const act = (text) => page.locator(".lesson .act", { hasText: text });
    const leader = () => page.locator(".broker", { has: page.locator(".rep.lead b", { hasText: "orders-0" }) }).locator(".bh span").first().innerText();
    const first = await leader();
    await act("Send a record").click();
    // Its own program ends when the record is acknowledged; the consumers go on.
    await page.waitForFunction(() => /echo hello/.test(document.querySelector(".term").textContent) && [...document.querySelectorAll(".client b")].every((b) => !b.textContent.startsWith("console-pro")), null, { timeout: 60_000 });
    await act("Kill the leader").click();
    await page.waitForFunction((was) => [...document.querySelectorAll(".broker")].some((b) => b.querySelector(".bh span").textContent !== was && [...b.querySelectorAll(".rep.lead b")].some((r) => r.textContent.includes("orders-0"))), first, { timeout: 60_000 });
    if (name === "laptop") await picture(page, "first-minute", ".app");
    await act("Go back to before it").click();
    await page.waitForFunction((was) => [...document.querySelectorAll(".broker")].some((b) => b.querySelector(".bh span").textContent === was && [...b.querySelectorAll(".rep.lead b")].some((r) => r.textContent.includes("orders-0"))), first);
    await page.getByText("In the past").waitFor({ state: "attached" });
    const seconds = (Date.now() - began) / 1000;
    assert.ok(seconds < 60, `${seconds} s`);
    assert.deepEqual(wrong, []);
    await close();
  });
}
