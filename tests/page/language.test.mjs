// The page in German: chosen by the address, by the browser, by the reader; nothing of it stays English.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { LAPTOP, PHONE, accessibilityFaults, open, picture, visitTheSite } from "../js/visitor.mjs";

visitTheSite();

const table = new Map([...readFileSync(new URL("../../www/lang/de.txt", import.meta.url), "utf8")
  .matchAll(/^([^#\s].*)\n {2}(.*)$/gm)].map(([, english, german]) => [english, german]));

// What the page says outside of terminals, lessons and code: texts, names, hints.
const said = (page) => page.evaluate(() => {
  const out = new Set();
  const skip = (e) => e.closest(".screens, .cmd, .act small, .client b, .json, code, pre, kbd, [data-lesson], .choose, .twin h3, script, style");
  for (const e of document.querySelectorAll("body *")) {
    if (skip(e) || e.closest("[hidden]")) continue;
    for (const name of ["aria-label", "title", "placeholder", "aria-valuetext"]) if (e.hasAttribute(name)) out.add(e.getAttribute(name));
    for (const node of e.childNodes) if (node.nodeType === 3 && node.textContent.trim()) out.add(node.textContent.trim());
  }
  return [...out];
});
// Kafka's own reasons stand at the end of what the story says of a group.
const without = (text) => text.replace(/ für [^.]*\. .*/, "").replace(/Generation \d+: .*/, "").replace(/ist nicht mehr in Gruppe \S+: .*/, "").replace(/sim [a-z-]+ .*|kafka-[a-z-]+.*|Dynamic.*/, "");
const ENGLISH = /\b(the|of|with|and|is|has|not|from|until|every|what|this|run|back|show|nothing)\b/i;

async function isGerman(page, where) {
  const texts = await said(page);
  const left = texts.filter((text) => table.has(text) && table.get(text) !== text && !["{}"].includes(text) && ![...table.values()].includes(text));
  assert.deepEqual(left, [], `${where}: these have a German text`);
  const english = texts.map(without).filter((text) => ENGLISH.test(text));
  assert.deepEqual(english, [], `${where}: this is English`);
}

test("in German every view, panel and sheet is German, and the page says so", async () => {
  const { page, wrong, close } = await open({ fragment: "?lang=de", bypassCSP: true });
  assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
  await isGerman(page, "Cluster");
  const line = async (text) => { await page.getByLabel("Befehl für Terminal 1").fill(text); await page.keyboard.press("Enter"); };
  await line("sim kill broker 1");
  await line("sim run 15s");
  await picture(page, "page-german", ".app");
  for (const name of ["Log", "Raum-Zeit", "Gruppen", "Metriken", "Zweige"]) {
    await page.getByRole("tablist", { name: "Ansichten" }).getByRole("tab", { name }).click();
    await page.locator(".view").waitFor();
    await isGerman(page, name);
  }
  for (const part of ['[data-node="broker-2"] .bh', '[data-node="controller-101"]', ".rep", ".client", ".gh"]) {
    await page.getByRole("tablist", { name: "Ansichten" }).getByRole("tab", { name: "Cluster" }).click();
    await page.locator(part).first().click();
    await isGerman(page, part);
  }
  await page.getByRole("tab", { name: "Ereignisse" }).click();
  await isGerman(page, "Ereignisse");
  await page.locator(".stage").focus();
  await page.keyboard.press("?");
  await isGerman(page, "Zeichen und Tasten");
  assert.deepEqual(await accessibilityFaults(page), []);
  assert.deepEqual(wrong, []);
  await close();
});

test("the browser's language is taken, the reader changes it in place, and the choice is kept", async () => {
  const { page, context, wrong, close } = await open({ locale: "de-AT" });
  await page.getByRole("button", { name: "Start", exact: true }).waitFor();
  await page.getByLabel("Befehl für Terminal 1").fill("sim run 3s");
  await page.keyboard.press("Enter");
  const before = await page.locator(".deck .t").innerText();
  await page.getByLabel("Sprache").selectOption("en");
  await page.getByRole("button", { name: "Play" }).waitFor();
  assert.equal(await page.locator(".deck .t").innerText(), before, "the run goes on where it stood");
  assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
  const again = await context.newPage();
  await again.goto(page.url());
  await again.getByRole("button", { name: "Play" }).waitFor();
  assert.deepEqual(wrong, []);
  await close();
});

test("a lesson that has German is told in German; a change of language keeps its run, its bets and its goals", async () => {
  const { page, wrong, close } = await open({ fragment: "?lang=de#lesson=producer-consumer" });
  const pane = page.locator("aside.lesson");
  await pane.getByText("Eine Wetterstation sendet jede Sekunde eine Messung.").waitFor();
  await page.locator(".choose option:checked", { hasText: "Ein Topic, zwei Schlüssel" }).waitFor({ state: "attached" });
  await pane.getByRole("button", { name: "Nächster Schritt" }).click();
  await page.getByLabel("Befehl für Terminal 1").fill("TOPIC=temperature python admin.py");
  await page.keyboard.press("Enter");
  await page.getByLabel("Befehl für Terminal 1").fill("sim run 10s");
  await page.keyboard.press("Enter");
  await pane.locator(".goal.met", { hasText: "Das Topic hat eine Partition" }).waitFor();
  await page.getByLabel("Sprache").selectOption("en");
  await pane.locator(".goal.met", { hasText: "The topic has one partition" }).waitFor();
  await pane.getByRole("heading", { name: "Create the topic" }).waitFor();
  assert.deepEqual(wrong, []);
  await close();
});

for (const lesson of ["producer-consumer", "load", "lost-ack", "acks-grid", "playground"]) {
  test(`the lesson ${lesson} is German from its first step to its last`, async () => {
    const { page, wrong, close } = await open({ fragment: `?lang=de#lesson=${lesson}` });
    const pane = page.locator("aside.lesson");
    const [, steps] = (await pane.locator(".eyebrow").first().innerText()).match(/\d+ VON (\d+)/i);
    for (let step = 1; step <= Number(steps); step++) {
      await pane.locator(".eyebrow", { hasText: new RegExp(`\\b${step} von ${steps}`, "i") }).first().waitFor();
      const texts = await pane.evaluate((e) => [...e.querySelectorAll("h1, h2, .md p, .md li, .goal span, .opts legend, .opts label, .leaves")].map((part) => {
        const copy = part.cloneNode(true);
        copy.querySelectorAll("code").forEach((code) => code.remove());
        return copy.textContent;
      }));
      assert.ok(texts.length > 1, `step ${step} says something`);
      // What English has and German has not; `was`, `in` and `die` are both.
      const english = texts.filter((text) => /\b(the|of|with|and|is|are|has|this|that|from|who|which|every|you)\b/i.test(text));
      assert.deepEqual(english, [], `${lesson}, step ${step}`);
      if (step < Number(steps)) await pane.getByRole("button", { name: "Nächster Schritt" }).click();
    }
    assert.deepEqual(wrong, []);
    await close();
  });
}

test("what is wrong with a link, a scenario or a lesson is told in German", async () => {
  const cut = await open({ fragment: "?lang=de#s=1.abc", ready: ".boot[role=alert]" });
  await cut.page.getByText(/dieser Link wurde unterwegs abgeschnitten oder verändert|das ist kein Link/).waitFor();
  await cut.close();
  const { page, close } = await open({ fragment: "?lang=de" });
  await page.locator(".choose select").selectOption({ label: "Eine Lektion schreiben…" });
  const field = page.locator(".author textarea");
  const said = page.locator(".author .fault span");
  const whole = await field.inputValue();
  for (const [text, told] of [
    [whole.replace(/^title:.*$/m, "tilte: x"), /^es gibt keinen Schlüssel `tilte`; meinst du `title`\? Die Schlüssel sind /],
    [whole.replace(/^---$/m, "---\ncluster: {\"brokers\": 0}"), /^cluster\.brokers ist 0; erlaubt ist 1 bis \d+$|steht zweimal da$/],
    [whole.replace(/```check[\s\S]*?```/g, ""), /^eine Lektion braucht mindestens ein ```check/],
  ]) {
    await field.fill(text);
    assert.match(await said.innerText(), told);
  }
  await close();
});

test("a language that is not there leaves the page English", async () => {
  const { page, wrong, close } = await open({ fragment: "?lang=tlh" });
  await page.getByRole("button", { name: "Play" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
  assert.deepEqual(wrong, []);
  await close();
});

for (const viewport of [LAPTOP, PHONE]) {
  test(`German words are longer, and nothing is cut off at ${viewport.width} px`, async () => {
    const { page, close } = await open({ fragment: "?lang=de", viewport });
    for (const tab of await page.locator(".tabs.views .tab").all()) {
      await tab.click();
      const beyond = await page.evaluate(() => [...document.querySelectorAll(".deck > *, .top > *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.className));
      assert.deepEqual(beyond, []);
    }
    await close();
  });
}
