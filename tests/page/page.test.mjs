// The released site in headless Chromium, as a visitor has it: below a sub-path, under its own strict policy.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LAPTOP, PHONE, accessibilityFaults, open, output, run, visitTheSite } from "../js/visitor.mjs";

visitTheSite();

test("the site starts below a sub-path, asks for nothing outside it, and nothing goes wrong", async () => {
  const { page, wrong, close } = await open();
  await page.getByText("Broker 1").or(page.locator('[data-node="broker-1"]')).first().waitFor();
  assert.equal(await page.locator('[data-kind="broker"]').count(), 3);
  assert.deepEqual(wrong, []);
  await close();
});

test("a topic made in the terminal is described in the terminal", async () => {
  const { page, wrong, close } = await open();
  await run(page, "kafka-topics --bootstrap-server :9092 --create --topic fruit --partitions 2 --replication-factor 3");
  await run(page, "sim run 2s");
  await output(page).getByText("Created topic fruit.").waitFor();
  await run(page, "kafka-topics --bootstrap-server :9092 --describe --topic fruit");
  await run(page, "sim run 2s");
  await output(page).getByText("PartitionCount: 2").waitFor();
  assert.deepEqual(wrong, []);
  await close();
});

test("a shared link opens at the same moment with the same digest", async () => {
  const first = await open();
  await run(first.page, "kafka-topics --bootstrap-server :9092 --create --topic shared --partitions 1 --replication-factor 3");
  await run(first.page, "sim run 3s");
  await output(first.page).getByText("Created topic shared.").waitFor();
  await first.page.getByRole("button", { name: "Share", exact: true }).click();
  await first.page.waitForFunction(() => location.hash.length > 20);
  const fragment = await first.page.evaluate(() => location.hash);
  await first.close();

  const second = await open({ fragment });
  await output(second.page).getByText("Created topic shared.").waitFor();
  assert.equal(await second.page.getByText("may differ from what was shared").count(), 0);
  assert.deepEqual(second.wrong, []);
  await second.close();
});

test("a killed broker is shown as dead and comes back", async () => {
  const { page, wrong, close } = await open();
  const broker = page.locator('[data-node="broker-2"]');
  const alive = await broker.innerText();
  await run(page, "sim kill broker 2");
  await page.waitForFunction((before) => document.querySelector('[data-node="broker-2"]').innerText !== before, alive);
  await run(page, "sim start broker 2");
  await run(page, "sim run 30s");
  await page.waitForFunction((before) =>
    document.querySelector('[data-node="broker-2"] small').textContent === before.split("\n")[1], alive);
  assert.deepEqual(wrong, []);
  await close();
});

for (const colorScheme of ["dark", "light"]) {
  for (const [name, viewport] of [["laptop", LAPTOP], ["phone", PHONE]]) {
    test(`axe finds nothing on a ${name} in the ${colorScheme} theme, and nothing is cut off`, async () => {
      const { page, close } = await open({ viewport, colorScheme, bypassCSP: true });
      assert.deepEqual(await accessibilityFaults(page), []);
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(beyond <= 0, `the page is ${beyond} px too wide`);
      await close();
    });
  }
}
