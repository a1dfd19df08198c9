// The timeline: lanes, the stretch that is shown, branches as lanes, bookmarks, and what a narrow page keeps in its menu.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PHONE, accessibilityFaults, open, picture, run, visitTheSite } from "../js/visitor.mjs";

visitTheSite();

const clock = (page) => page.locator(".deck .t").innerText();
const lane = (page, name) => page.locator(".lanes .sub").filter({ has: page.locator(".gut", { hasText: name }) });

test("each kind of event has a lane; dragging over them chooses a stretch, and buttons do the same", async () => {
  const { page, wrong, close } = await open();
  await run(page, "sim kill broker 1");
  await run(page, "sim run 20s");
  assert.ok(await lane(page, "commands").locator("text").count() >= 1);
  assert.match((await lane(page, "processes").locator("text").allTextContents()).join(""), /⊗.*⊘/, "killed, then fenced");
  assert.ok(await lane(page, "partitions").locator("text").count() >= 1);
  await page.keyboard.press("Home");
  await picture(page, "timeline", ".time");
  // A stretch in the middle of the run, which leaves out its beginning.
  const all = await page.locator(".lane .g").count();
  const box = await page.locator(".brush .pick").boundingBox();
  await page.mouse.move(box.x + box.width * 0.45, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.7, box.y + 20, { steps: 4 });
  await page.mouse.up();
  await page.locator(".lane .over .part").waitFor({ state: "attached" });
  const longer = page.getByRole("button", { name: "Show a longer stretch" });
  while (await longer.isEnabled()) await longer.click();
  assert.equal(await page.locator(".lane .over").count(), 0);
  assert.equal(await page.locator(".lane .g").count(), all, "all of the run is shown again");
  await page.getByRole("button", { name: "Show a shorter stretch" }).click();
  await page.locator(".lane .over").waitFor();
  // A click, as opposed to a drag, goes to a moment.
  const before = await clock(page);
  await page.mouse.click(box.x + box.width * 0.2, box.y + 20);
  assert.notEqual(await clock(page), before);
  assert.deepEqual(wrong, []);
  await close();
});

test("another future is a lane from where it left to where it was played; a click shows it", async () => {
  const { page, wrong, close } = await open();
  await run(page, "sim run 10s");
  await run(page, "sim until 9s");
  await run(page, "sim kill broker 2");
  await run(page, "sim run 3s");
  const main = page.locator(".blane");
  assert.equal(await main.count(), 1);
  assert.match(await main.getAttribute("title"), /Show branch main, played to 00:18.000/);
  await main.click();
  assert.equal(await clock(page), "00:18.000");
  assert.match(await page.locator(".blane").getAttribute("title"), /sim kill broker 2/);
  assert.deepEqual(wrong, []);
  await close();
});

test("bookmarks name moments, lead to them, and travel in the link", async () => {
  const { page, close } = await open();
  await run(page, "sim run 5s");
  await page.locator(".stage").focus();
  await page.keyboard.press("k");
  await page.getByLabel(/^Name for 00:13/).fill("Before, the “storm” & co");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Before, the “storm” & co 00:13.000" }).waitFor();
  await page.keyboard.press("Escape");
  await run(page, "sim run 5s");
  assert.equal(await page.locator(".lane .bm").count(), 1);
  await page.getByRole("button", { name: "Share", exact: true }).click();
  await page.waitForFunction(() => location.hash.includes("&b="));
  const fragment = await page.evaluate(() => location.hash);
  await close();

  const second = await open({ fragment });
  assert.equal(await clock(second.page), "00:18.000");
  await second.page.getByRole("button", { name: "Bookmarks" }).click();
  await second.page.getByRole("button", { name: /^Before, the “storm” & co/ }).click();
  assert.equal(await clock(second.page), "00:13.000");
  await second.page.getByRole("button", { name: "Remove Before, the “storm” & co" }).click();
  await second.page.waitForFunction(() => !document.querySelector(".lane .bm"));
  assert.deepEqual(second.wrong, []);
  await second.close();
});

test("a bookmark is of a branch: what two branches share has it in both, the rest leads back to its own", async () => {
  const { page, wrong, close } = await open();
  const mark = async (name) => {
    await page.locator(".stage").focus();
    await page.keyboard.press("k");
    await page.getByLabel(/^Name for/).fill(name);
    await page.keyboard.press("Enter");
    await page.locator(".mark .item", { hasText: name }).waitFor();
    await page.keyboard.press("Escape");
  };
  const stars = () => page.locator(".lane .bm").count();
  await mark("shared past");
  await run(page, "sim run 5s");
  await mark("only on main");
  assert.equal(await stars(), 2);
  await run(page, "sim until 9s");
  await run(page, "sim kill broker 2");
  await run(page, "sim run 8s");
  assert.equal(await stars(), 1, "the other future's moment is none of this branch");
  await mark("only here");
  assert.equal(await stars(), 2);
  await page.getByRole("button", { name: "Share", exact: true }).click();
  await page.waitForFunction(() => location.hash.includes("&b="));
  const link = decodeURIComponent(await page.evaluate(() => location.hash));
  assert.ok(link.includes("shared past") && link.includes("only here") && !link.includes("only on main"), link);

  await page.getByRole("button", { name: "Bookmarks" }).click();
  const other = page.locator(".mark .item", { hasText: "only on main" });
  assert.match(await other.innerText(), /main · 00:13.000/);
  await other.click();
  assert.equal(await clock(page), "00:13.000");
  assert.equal(await page.locator(".broker.down").count(), 0, "on main no broker was killed");
  assert.equal(await stars(), 2);
  await page.locator(".mark .item", { hasText: "only here" }).click();
  assert.equal(await page.locator(".broker.down").count(), 1);
  assert.deepEqual(wrong, []);
  await close();
});

for (const [name, viewport] of [["600", { width: 600, height: 800 }], ["1000", { width: 1000, height: 700 }], ["390", PHONE]]) {
  test(`on a page ${name} px wide everything that has no button is in the menu`, async () => {
    const { page, wrong, close } = await open({ viewport, bypassCSP: true });
    const more = page.locator(".menu.rest");
    const choose = async (text) => {
      await more.getByRole("button").first().click();
      await more.getByRole("menuitemradio", { name: text }).click();
    };
    const valueText = () => page.getByLabel("Moment").getAttribute("aria-valuetext");
    const at = await valueText();
    await choose("Run until the next message arrives");
    await page.waitForFunction((was) => document.querySelector('[aria-label="Moment"]').getAttribute("aria-valuetext") !== was, at);
    await choose("Run until…");
    await page.getByRole("textbox", { name: "Run until" }).fill('high_watermark("orders", 0) >= 9');
    await page.keyboard.press("Enter");
    await page.locator(".toast").getByText("now").waitFor();
    await choose("Bookmarks");
    await page.getByLabel(/^Name for/).waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    await page.keyboard.press("Escape");
    await choose("Lanes");
    await page.locator(".lanes").waitFor();
    await choose("Marks and keys");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    const beyond = await page.evaluate(() => [...document.querySelectorAll(".deck > *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).length);
    assert.equal(beyond, 0, "no button is cut off");
    assert.deepEqual(wrong, []);
    await close();
  });
}
