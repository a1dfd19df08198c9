// What the page promises, driven on the real engine: the keyboard map, branches, cuts, faults, and a lesson to its end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LAPTOP, accessibilityFaults, open, output, pixels, prompt, run, visitTheSite } from "../js/visitor.mjs";

visitTheSite();

const stage = (page) => page.locator(".stage");
const moment = async (page) => {
  const text = await page.getByLabel("Moment").getAttribute("aria-valuetext");
  return Number(text.match(/event (\d+)/)[1]);
};
const clock = (page) => page.locator(".deck .t").innerText();
const press = async (page, key) => page.keyboard.press(key);

test("every key of the map does on the stage what the sheet says", async () => {
  const { page, wrong, close } = await open();
  await stage(page).focus();
  const play = page.locator(".play");
  await press(page, "Space");
  await page.waitForFunction(() => document.querySelector(".play").getAttribute("aria-pressed") === "true");
  await press(page, "Space");
  assert.equal(await play.getAttribute("aria-pressed"), "false");

  const start = await moment(page);
  await press(page, ".");
  assert.equal(await moment(page), start + 1);
  await press(page, ",");
  assert.equal(await moment(page), start);
  await press(page, ">");
  await page.waitForFunction(() => document.querySelector(".play").getAttribute("aria-pressed") === "false");
  await page.waitForFunction((n) =>
    !document.querySelector('[aria-label="Moment"]').getAttribute("aria-valuetext").includes(`event ${n}.`), start);
  const turn = await moment(page);
  assert.ok(turn > start);
  await press(page, "<");
  assert.ok(await moment(page) < turn);

  const speed = page.locator(".speed output");
  const before = await speed.innerText();
  const shown = (isBefore) => page.waitForFunction(([text, is]) =>
    (document.querySelector(".speed output").innerText === text) === is, [before, isBefore]);
  await press(page, "]");
  await shown(false);
  await press(page, "[");
  await shown(true);

  const end = await clock(page);
  await press(page, "Home");
  const beginning = await clock(page);
  assert.notEqual(beginning, end);
  await press(page, "End");
  assert.ok(await moment(page) >= turn);

  await page.locator('[data-node="broker-1"] button').first().focus();
  const focused = () => page.evaluate(() => document.activeElement.innerText);
  const first = await focused();
  await press(page, "ArrowRight");
  assert.notEqual(await focused(), first);
  await page.locator('[data-node="broker-2"] button').first().focus();
  await press(page, "Enter");
  await page.locator(".insp h2").getByText("Broker 2").waitFor();

  await press(page, "x");
  await page.locator('[data-node="broker-2"]').getByText("off", { exact: false }).first().waitFor();
  await press(page, "x");
  await page.waitForFunction(() => !/^off/.test(document.querySelector('[data-node="broker-2"] small').textContent));

  await press(page, "Escape");
  await page.locator(".insp h2").getByText("Cluster").waitFor();
  await press(page, "e");
  await page.locator('[role="tab"][aria-selected="true"]').getByText("Events").waitFor();
  await press(page, "?");
  await page.getByRole("dialog").getByText("Marks and keys").waitFor();
  await press(page, "Escape");
  await stage(page).focus();
  await press(page, "/");
  await page.waitForFunction(() => document.activeElement.getAttribute("aria-label") === "Command for terminal 1");
  assert.deepEqual(wrong, []);
  await close();
});

test("acting in the past keeps the other future, and both can be visited", async () => {
  const { page, wrong, close } = await open();
  await run(page, "kafka-topics --bootstrap-server :9092 --create --topic first-future");
  await run(page, "sim run 3s");
  await output(page).getByText("Created topic first-future.").waitFor();
  await stage(page).focus();
  await press(page, "Home");
  await page.getByText("Acting here starts another").waitFor();
  await run(page, "kafka-topics --bootstrap-server :9092 --create --topic second-future");
  await run(page, "sim run 3s");
  await output(page).getByText("Created topic second-future.").waitFor();
  assert.equal(await output(page).getByText("first-future").count(), 0);

  await page.locator(".blane", { hasText: "main" }).click();
  await output(page).getByText("Created topic first-future.").waitFor();
  assert.equal(await output(page).getByText("second-future").count(), 0);
  assert.deepEqual(wrong, []);
  await close();
});

test("a cut link is drawn with a cross, and is gone when it heals", async () => {
  const { page, wrong, close } = await open();
  const settle = () => page.waitForTimeout(200);
  await settle();
  const before = await pixels(page, "--f-error");
  await run(page, "sim cut broker 1 | broker 2");
  await settle();
  const cut = await pixels(page, "--f-error");
  assert.ok(cut > before + 50, `${before} pixels before the cut, ${cut} after`);
  await run(page, "sim heal");
  await settle();
  assert.ok(await pixels(page, "--f-error") <= before + 10, "the cross stays after the link healed");
  assert.deepEqual(wrong, []);
  await close();
});

test("a fault of the simulator stops the page with what happened and a link that replays the run up to it", async () => {
  const first = await open({ bypassCSP: true });
  await run(first.page, "kafka-topics --bootstrap-server :9092 --create --topic before-the-fault");
  await run(first.page, "sim run 3s");
  await output(first.page).getByText("Created topic before-the-fault.").waitFor();
  await run(first.page, "sim panic");
  const crash = first.page.getByRole("alertdialog");
  await crash.getByText("was typed in terminal 1").waitFor();
  assert.ok(await first.page.locator("#app").evaluate((app) => app.inert), "the page behind takes no input");
  assert.deepEqual(await accessibilityFaults(first.page), []);
  assert.ok(!await first.page.locator("#crash-look").isVisible(), "nothing can be looked at after a panic");
  const href = await first.page.locator("#crash-link").getAttribute("href");
  await first.close();

  const second = await open({ fragment: href.slice(href.indexOf("#")) });
  await output(second.page).getByText("Created topic before-the-fault.").waitFor();
  assert.deepEqual(second.wrong, []);
  await second.close();
});

// Lets time run by the menu, as a learner does.
async function jump(page, span) {
  await page.getByRole("button", { name: "Jump" }).click();
  await page.getByRole("menuitemradio", { name: span, exact: true }).click();
  await page.waitForFunction(() => document.querySelector(".play").getAttribute("aria-pressed") === "false");
}

test("a lesson is played to its end: wrong and right bets, commands by a click, goals met by the engine", async () => {
  const { page, wrong, close } = await open({ fragment: "#lesson=producer-consumer", viewport: LAPTOP });
  const pane = page.locator("aside.lesson");
  const verdicts = [];
  for (let step = 1; ; step++) {
    await pane.getByText(`Step ${step} of`).waitFor();
    const parts = pane.locator(".part");
    for (let i = 0, n = await parts.count(); i < n; i++) {
      const part = parts.nth(i);
      const choices = part.locator('input[type="radio"]');
      if (await choices.count()) await choices.first().check();
      const command = part.locator("button.cmd");
      if (await command.count() === 0) continue;
      const terminal = Number((await command.getAttribute("title")).match(/terminal (\d+)/)[1]);
      const line = await command.locator("span").innerText();
      await command.click();
      await page.waitForFunction((id) => document.activeElement.getAttribute("aria-label") === `Command for terminal ${id}`, terminal);
      assert.equal(await prompt(page, terminal).inputValue(), line);
      await prompt(page, terminal).press("Enter");
      if (!line.startsWith("sim")) await jump(page, line.includes("pressure SENSOR") ? "+45 s" : "+10 s");
    }
    const goals = pane.locator(".goal");
    const open = async () => goals.evaluateAll((all) => all.filter((g) => !g.classList.contains("met")).map((g) => g.innerText));
    for (let tries = 0; tries < 6 && (await open()).length > 0; tries++) await jump(page, "+10 s");
    assert.deepEqual(await open(), [], `step ${step}`);
    verdicts.push(...await pane.locator(".verdict").allInnerTexts());
    const next = pane.getByRole("button", { name: "Next step" });
    if (await next.count() === 0) break;
    await next.click();
  }
  await pane.getByText("Every goal of this lesson is met.").waitFor();
  assert.ok(verdicts.some((v) => v.includes("agrees")), verdicts.join("; "));
  assert.ok(verdicts.some((v) => v.includes("The engine found")), verdicts.join("; "));
  assert.deepEqual(wrong, []);
  await close();
});
