// A cluster too big for a cell a record: counts, and what stands out.
import assert from "node:assert/strict";
import { test } from "node:test";
import { linkTo } from "../js/link.mjs";
import { accessibilityFaults, open, picture, pixels, run, view, visitTheSite } from "../js/visitor.mjs";

visitTheSite();

const BIG = linkTo({
  title: "A hundred brokers",
  seed: 3,
  cluster: { brokers: 100, controllers: 3 },
  topics: [{ name: "orders", partitions: 200, replication_factor: 3 }],
});

test("a hundred brokers show counts and what stands out, stay readable, and answer to a click", async () => {
  const { page, close } = await open({ fragment: BIG, bypassCSP: true });
  page.setDefaultTimeout(120_000);
  await page.locator('[data-kind="broker"]').nth(99).waitFor({ state: "attached" });
  const counts = await page.locator(".counts small:nth-of-type(1)").allInnerTexts();
  const led = counts.map((text) => Number(text.match(/♛ (\d+) of/)[1])).reduce((a, b) => a + b);
  assert.equal(led, 200, "every partition is led once");
  await run(page, "sim kill broker 7");
  await run(page, "sim run 12s");
  await page.locator('[data-node="broker-7"] .counts').getByText("OUT").waitFor();
  await picture(page, "stage-big");
  const outlier = page.locator('[data-node="broker-7"] .counts button').first();
  const name = await outlier.innerText();
  await outlier.click();
  await page.locator(".insp h2").getByText(name, { exact: true }).waitFor();
  assert.equal(await page.locator(".insp table").first().locator("tbody tr").count(), 3, "its three replicas");
  assert.deepEqual(await accessibilityFaults(page), []);
  await view(page, "Log");
  assert.equal(await page.locator(".lrows .lrow").count(), 3);
  // Time goes on at a rate one can watch.
  await view(page, "Cluster");
  await page.locator(".stage").focus();
  const frames = await page.evaluate(() => new Promise((done) => {
    let n = 0;
    const start = performance.now();
    const tick = () => (performance.now() - start < 3000 ? (n++, requestAnimationFrame(tick)) : done(n / 3));
    document.querySelector(".play").click();
    requestAnimationFrame(tick);
  }));
  assert.ok(frames > 8, `${frames} frames a second while time runs`);
  await close();
});

// Who waits for nothing and sends each record by itself: a message a record.
const CROWD = linkTo({
  title: "Hundreds of messages in flight",
  seed: 5,
  cluster: { brokers: 3, controllers: 3, latency: "100ms" },
  files: { "single.properties": "linger.ms=0\nenable.idempotence=false\nmax.in.flight.requests.per.connection=50\n" },
  topics: [{ name: "orders", partitions: 12, replication_factor: 1 }],
  commands: Array.from({ length: 40 }, (_, i) => ({
    term: i + 2,
    run: "kafka-verifiable-producer --bootstrap-server :9092 --topic orders --throughput 140 --acks 0 --command-config single.properties",
  })),
});

test("a crowd of messages is drawn, also where the browser does not let a mark be read back", async () => {
  const drawn = [];
  for (const refuses of [false, true]) {
    const { page, context, close } = await open({ viewport: { width: 1024, height: 700 } });
    await context.addInitScript((refuses) => {
      const original = CanvasRenderingContext2D.prototype.getImageData;
      CanvasRenderingContext2D.prototype.getImageData = function (x, y, w, h) {
        // The sheet of a mark's steps; the stage is larger, and a test's own pixel smaller.
        if (refuses && w === h && w > 20 && w < 300) throw new DOMException("not allowed", "SecurityError");
        return original.call(this, x, y, w, h);
      };
    }, refuses);
    await page.goto(page.url().split("#")[0] + CROWD);
    await page.reload();
    await page.locator(".app").first().waitFor();
    await run(page, "sim run 3s");
    const flights = await page.evaluate(() => JSON.parse(globalThis.kafkasim("snapshot", "")).flights.length);
    assert.ok(flights > 450, `${flights} messages`);
    await page.waitForTimeout(500);
    drawn.push(await pixels(page, "--f-data"));
    await close();
  }
  const [all, alone] = drawn;
  // A mark that is not read back is put between pixels, where its edges blur.
  assert.ok(all > 500 && alone > all / 2, `${drawn}`);
});
