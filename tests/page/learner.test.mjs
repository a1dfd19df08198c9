// A learner who only does what the page says: clicks a lesson's commands, presses Enter, reads. And a stranger with a typing error.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LAPTOP, PHONE, open, otherSite, output, prompt, run, tab, view, visitTheSite } from "../js/visitor.mjs";

visitTheSite();

const ask = (page, kind, text = "") => page.evaluate(([kind, text]) => JSON.parse(globalThis.kafkasim(kind, text)), [kind, text]);
const stands = (page) => page.waitForFunction(() => !JSON.parse(globalThis.kafkasim("state", "")).playing);

const LESSONS = ["producer-consumer", "playground", "load", "lost-ack", "acks-grid"];
for (const [lesson, lang, viewport] of [...LESSONS.map((id) => [id, "en", LAPTOP]), ["lost-ack", "de", PHONE], ["producer-consumer", "de", PHONE]]) {
  test(`the lesson ${lesson} (${lang}, ${viewport.width} px) is met to its last goal by its own commands and Enter alone`, async () => {
    const { page, wrong, close } = await open({ fragment: `?lang=${lang}#lesson=${lesson}`, viewport });
    const pane = page.locator("aside.lesson");
    const back = () => viewport === PHONE && page.locator(".switch .tab").first().click();
    for (let step = 1; ; step++) {
      await pane.locator(".eyebrow", { hasText: new RegExp(`\\b${step} (of|von) \\d`, "i") }).first().waitFor();
      for (const choices of await pane.locator("fieldset").all()) await choices.locator("input").first().check();
      const commands = pane.locator("button.cmd");
      for (let i = 0, n = await commands.count(); i < n; i++) {
        const [, terminal] = (await commands.nth(i).getAttribute("title")).match(/[tT]erminal (\d+)/);
        const line = await commands.nth(i).locator("span").innerText();
        await commands.nth(i).click();
        await page.waitForFunction(([terminal, line]) => {
          const { ariaLabel, value } = document.activeElement;
          return ariaLabel?.endsWith(` ${terminal}`) && value === line;
        }, [terminal, line]);
        await page.keyboard.press("Enter");
        await stands(page);
        await back();
      }
      const open = await pane.locator(".goal:not(.met)").allInnerTexts();
      assert.deepEqual(open, [], `step ${step}`);
      // The engine answers when the step is over, not when its goals are true for another reason.
      if (lesson === "acks-grid" && step === 2) assert.equal(await pane.locator("fieldset").first().locator("label.right").innerText(), "In all three topics");
      for (const verdict of await pane.locator(".verdict").allInnerTexts()) assert.match(verdict, /engine agrees|engine found: “\w|gibt dir recht|fand: „/i);
      const next = pane.getByRole("button", { name: /Next step|Nächster Schritt/ });
      if (await next.count() === 0) break;
      await next.click();
    }
    assert.equal((await ask(page, "state")).lesson.complete, true);
    assert.deepEqual(wrong, []);
    await close();
  });
}

test("goals are met one after the other: what comes later is not met before its turn, and its witness is a moment after", async () => {
  const { page, close } = await open({ fragment: "?step=3#lesson=playground" });
  const goals = page.locator("aside.lesson .goal");
  assert.equal(await goals.evaluateAll((all) => all.filter((goal) => goal.matches(".met, .broken")).length), 0, "nothing was done yet");
  await close();
  const { page: next, close: end } = await open({ fragment: "?step=2#lesson=lost-ack" });
  await run(next, "kafka-verifiable-producer --bootstrap-server localhost:9092 --topic orders --throughput 1000 --acks 1", 2);
  await next.waitForFunction(() => document.querySelectorAll(".goal.met").length === 2);
  await stands(next);
  assert.equal((await ask(next, "state")).clock, 5_000, "the lesson says run=5s");
  await next.locator(".goal.met .link").first().click();
  assert.ok((await ask(next, "state")).clock <= 5_000);
  await end();
});

test("who types a command while time stands sees what becomes of it; a verb leaves time where it is", async () => {
  const { page, close } = await open();
  await run(page, "sim status");
  assert.equal((await ask(page, "state")).playing, false);
  await run(page, "kafka-topics --bootstrap-server :9092 --list");
  assert.equal((await ask(page, "state")).playing, true);
  await output(page).getByText("orders", { exact: true }).waitFor();
  await close();
});

test("the first record is seen to arrive: the second terminal is a consumer's", async () => {
  const { page, close } = await open();
  await page.getByRole("button", { name: "1 · Send a record" }).click();
  await output(page, 3).getByText("hello", { exact: true }).waitFor();
  assert.equal(await prompt(page, 2).count(), 0);
  await close();
});

test("a reader is told what of the address was not understood; an embedding page is told by `ready` alone", async () => {
  const { page, close } = await open({ fragment: "?speed=fast&view=log&bogus=1" });
  await page.getByRole("status").getByText("left out: speed=fast, bogus=1").waitFor();
  await close();
  const lesson = await open({ fragment: "#lesson=lost-akc" });
  await lesson.page.getByRole("status").getByText("there is no lesson `lost-akc`").waitFor();
  await lesson.close();
  const framed = await open({ fragment: "?ui=embed&bogus=1" });
  assert.equal(await framed.page.locator(".toast").isVisible(), false);
  await framed.close();
});

test("on a phone the language can be chosen", async () => {
  const { page, wrong, close } = await open({ viewport: PHONE });
  await page.getByLabel("Language").selectOption("de");
  await page.getByRole("button", { name: "Start", exact: true }).waitFor();
  assert.deepEqual(wrong, []);
  await close();
});

test("what a verb refuses, and what it did, is said in the reader's language", async () => {
  const { page, close } = await open({ fragment: "?lang=de" });
  const line = async (text) => { await page.getByLabel("Befehl für Terminal 1").fill(text); await page.keyboard.press("Enter"); };
  const out = page.getByLabel("Ausgabe von Terminal 1");
  await line("sim kill broker 9");
  await out.getByText("sim kill: es gibt keinen Prozess `broker 9`; es gibt ").waitFor();
  await out.getByText("Aufruf: sim kill PROCESS").waitFor();
  await line("sim kil broker 1");
  await out.getByText("sim: es gibt kein Verb `kil`. Meinst du `sim kill`? `sim help` nennt sie.").waitFor();
  await line("sim kill broker 1");
  await out.getByText("broker-1 abgeschossen").waitFor();
  await line("no-such-tool");
  await out.getByText("bash: no-such-tool: command not found").waitFor();
  await line("sim help");
  await out.getByText("Lässt so viel virtuelle Zeit vergehen.").waitFor();
  const told = (await out.locator(".sim").allInnerTexts()).slice(-20);
  assert.ok(told.every((text, i) => /^sim \w/.test(text) === (i % 2 === 0)), `a verb's line, and below it what it does: ${told.join("|")}`);
  assert.deepEqual(told.filter((text) => !text.startsWith("sim ") && /\b(the|and|of|is)\b/.test(text)), [], "none of it in English");
  await close();
});

test("what is wrong with a link or an address is said in the reader's language", async () => {
  const cut = await open({ fragment: "?lang=de#s=1.abcdef", ready: "[role=alert]" });
  await cut.page.getByText("abgeschnitten oder verändert: sein Ende fehlt. Kopiere ihn noch einmal, ganz").waitFor();
  await cut.close();
  const odd = await open({ fragment: "?lang=de&speed=fast&ui=foo" });
  await odd.page.getByText("In der Adresse nicht verstanden und weggelassen: speed=fast, ui=foo").waitFor();
  await odd.close();
});

test("a replica whose log ends before the offsets shown says where it ends, on the stage and in the log view", async () => {
  const { page, close } = await open();
  await run(page, "sim kill broker 3");
  await run(page, "sim run 60s");
  const said = page.locator('[data-node="broker-3"] .cells i').first();
  assert.match(await said.innerText(), /^◂ ends at \d+$/);
  await view(page, "Log");
  assert.match(await page.locator(".lrow", { hasText: "Broker 3" }).locator(".far").innerText(), /^◂ ends at \d+$/);
  await close();
});

test("long answers and suggestions of a terminal stay in it, on a wide page and on a phone", async () => {
  for (const viewport of [LAPTOP, PHONE]) {
    const { page, close } = await open({ viewport });
    if (viewport === PHONE) await page.getByRole("tab", { name: "Terminal" }).click();
    await run(page, `echo ${"long ".repeat(60)}`);
    await prompt(page).fill("kafka-cons");
    await prompt(page).press("Tab");
    await page.locator(".hint", { hasText: "kafka-console-consumer" }).waitFor();
    const [screen, zone] = await Promise.all([".screen", ".term"].map((part) => page.locator(part).first().boundingBox()));
    assert.ok(screen.width <= zone.width / (viewport === PHONE ? 1 : 2) + 1, `the first terminal is ${screen.width} px of ${zone.width}`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), viewport.width, "the page is as wide as the screen");
    await close();
  }
});

test("the chart is drawn when its tab is opened on a tablet", async () => {
  const { page, close } = await open({ viewport: { width: 768, height: 1024 } });
  await page.getByRole("tab", { name: "Terminal" }).click();
  await run(page, "sim run 10s");
  await page.getByRole("tab", { name: "Inspect" }).first().click();
  await page.waitForFunction(() => {
    const canvas = document.querySelector(".chart canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.some((byte) => byte > 0);
  });
  await close();
});

for (const mode of ["frame", "inline"]) {
  test(`on a phone the element (${mode}) is as wide as the text around it, and nothing of the stage lies on the clock`, async () => {
    const other = await otherSite({ "/blog.html": (site) => ({ headers: {}, html: `<!doctype html><meta name="viewport" content="width=device-width"><script type="module" src="${site}embed.js"></script>
      <p>Words.</p><kafka-sim mode="${mode}"></kafka-sim><kafka-sim mode="${mode}" ui="minimal"></kafka-sim>` }) });
    const { page, close } = await tab(`${other.url.replace("/nothing/", "/")}blog.html`, { viewport: PHONE });
    for (const n of [0, 1]) {
      const element = page.locator("kafka-sim").nth(n);
      await element.scrollIntoViewIfNeeded();
      await element.evaluate((sim) => sim.ready());
      const box = await element.boundingBox();
      assert.ok(box.width <= PHONE.width - 16 && box.height >= 400, JSON.stringify(box));
      const root = mode === "inline" ? element : page.frames()[n + 1].locator("body");
      await root.locator(".broker").first().waitFor();
      const bottoms = await root.locator(".rep").evaluateAll((all) => Math.max(...all.slice(0, 3).map((rep) => rep.getBoundingClientRect().bottom)));
      const deck = await root.locator(".deck").evaluate((deck) => deck.getBoundingClientRect().top);
      assert.ok(bottoms < deck, `tiles end at ${bottoms}, the clock's row begins at ${deck}`);
      await page.evaluate((n) => document.querySelectorAll("kafka-sim")[n].pause(), n);
    }
    await close();
    other.close();
  });
}

test("a page from the right to the left keeps code, logs and the axis of time from the left", async () => {
  const { page, close } = await open({ fragment: "?strings=rtl" });
  const way = (selector) => page.locator(selector).first().evaluate((e) => getComputedStyle(e).direction);
  assert.equal(await way(".lesson"), "rtl");
  for (const part of [".screen", ".cells", ".rh b", ".lane input", ".client .pos"]) assert.equal(await way(part), "ltr", part);
  const [lesson, rail] = await Promise.all([".lesson", ".rail"].map((zone) => page.locator(zone).first().boundingBox()));
  assert.ok(lesson.x > rail.x, "the lesson stands where reading begins");
  // The playhead goes where one clicks.
  const lane = await page.locator(".lane").boundingBox();
  await page.mouse.click(lane.x + 4, lane.y + lane.height / 2);
  await page.waitForFunction(() => JSON.parse(globalThis.kafkasim("state", "")).clock < 1_000);
  await close();
});
