// What a page must stand: contrast, narrow windows, random hands, links of tomorrow, hosts that lie.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LAPTOP, accessibilityFaults, address, open, otherSite, picture, run, tab, view, visitTheSite } from "../js/visitor.mjs";
import { linkTo } from "../js/link.mjs";

visitTheSite();

const VIEWS = ["Cluster", "Log", "Space-time", "Groups", "Metrics", "Branches"];

for (const [name, options] of [["more contrast", { contrast: "more" }], ["the system's colours", { forcedColors: "active" }]]) {
  for (const colorScheme of ["dark", "light"]) {
    test(`with ${name}, ${colorScheme}, axe finds nothing in any view, and records keep the colour of their epoch`, async () => {
      const { page, wrong, close } = await open({ ...options, colorScheme, bypassCSP: true });
      await run(page, "sim kill broker 1");
      await run(page, "sim run 15s");
      const hue = await page.locator('[data-node="broker-2"] .cell.e1').first().evaluate((cell) => getComputedStyle(cell).backgroundColor);
      assert.equal(hue, "rgb(230, 159, 0)");
      if (colorScheme === "dark") await picture(page, options.contrast ? "contrast-more" : "contrast-forced");
      for (const name of VIEWS) {
        await view(page, name);
        assert.deepEqual(await accessibilityFaults(page), [], name);
      }
      assert.deepEqual(wrong, []);
      await close();
    });
  }
}

test("with more contrast, text stands out at least 7 to 1 in both themes", async () => {
  for (const colorScheme of ["dark", "light"]) {
    const { page, close } = await open({ contrast: "more", colorScheme });
    const ratios = await page.evaluate(() => {
      const light = (name) => {
        const probe = document.body.appendChild(document.createElement("i"));
        probe.style.setProperty("color", `var(${name})`);
        const [r, g, b] = getComputedStyle(probe).color.match(/\d+/g).map((n) => (n /= 255) <= 0.03928 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4);
        probe.remove();
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
      return Object.fromEntries(["--ink", "--ink2", "--ink3", "--accent", "--good", "--bad", "--warn"].map((ink) => [ink, Math.min(...["--bg", "--surface", "--raised", "--sunk"].map((ground) => ratio(ink, ground)))]));
    });
    for (const [ink, ratio] of Object.entries(ratios)) assert.ok(ratio >= 7, `${colorScheme} ${ink}: ${ratio}`);
    await close();
  }
});

for (const width of [320, 390, 640, 900, 1000, 1120, 1366]) {
  test(`at ${width} px nothing is wider than the page in any view, and every button can be reached`, async () => {
    const { page, close } = await open({ viewport: { width, height: 800 } });
    for (const name of VIEWS) {
      await view(page, name);
      const out = await page.evaluate(() => {
        const beyond = document.documentElement.scrollWidth - innerWidth;
        const cut = [...document.querySelectorAll(".deck button, .top button, .top select, .zoomer button")].filter((e) => e.offsetParent && e.getBoundingClientRect().right > innerWidth + 1);
        return { beyond, cut: cut.map((e) => e.getAttribute("aria-label") ?? e.innerText) };
      });
      assert.deepEqual(out, { beyond: 0, cut: [] }, name);
    }
    await close();
  });
}

for (const [width, height] of [[1920, 1080], [1366, 768], [1280, 720], [1000, 700], [768, 1024], [390, 844]]) {
  test(`at ${width} × ${height} the stage cuts no line of a tile, no name and no state, and the speed can be read`, async () => {
    const { page, close } = await open({ viewport: { width, height } });
    if (await page.locator(".switch").isVisible()) await page.getByRole("tab", { name: "Terminal" }).click();
    await run(page, "sim kill broker 1");
    await run(page, "sim run 15s");
    await page.locator('[data-node="broker-1"] .bh', { hasText: "off 15 s" }).waitFor();
    const cut = await page.evaluate(() => {
      const shown = (selector) => [...document.querySelectorAll(`.stage ${selector}`)].filter((e) => e.offsetParent);
      const below = shown(".rf, .rh, .cells").filter((e) => {
        const [inner, tile] = [e, e.closest(".rep")].map((x) => x.getBoundingClientRect());
        return inner.bottom > tile.bottom || inner.top < tile.top;
      });
      const narrow = shown(".rh b span, .bh span, .bh small, .pos:not(:first-child)").filter((e) => e.scrollWidth > e.clientWidth + 1);
      return [...below, ...narrow].map((e) => `${e.className || e.tagName}: ${e.textContent}`);
    });
    assert.deepEqual(cut, []);
    const slider = page.getByLabel("Speed", { exact: true });
    if (width === 390 || width === 1000) {
      await page.locator(".menu.rest").getByRole("button").first().click();
      assert.match(await page.getByRole("menuitemradio", { name: "Slower" }).innerText(), /1\/500×/);
    } else {
      assert.ok(await slider.isVisible());
    }
    await close();
  });
}

// Random hands, from a seed that is printed: KAFKASIM_FUZZ_SEED plays it again, KAFKASIM_FUZZ_S says how long (60 s by default).
test("a minute of random clicks, drags, keys and commands neither stops the page nor logs an error", { timeout: 300_000 }, async (t) => {
  const seed = Number(process.env.KAFKASIM_FUZZ_SEED ?? 20_270_115);
  const seconds = Number(process.env.KAFKASIM_FUZZ_S ?? 60);
  t.diagnostic(`KAFKASIM_FUZZ_SEED=${seed}`);
  let state = seed >>> 0;
  const random = (n) => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return Math.floor(state / 2 ** 32 * n); };
  const { page, wrong, close } = await open();
  page.on("filechooser", () => { /* nobody chooses a file */ });
  const lines = ["sim kill broker 1", "sim start broker 1", "sim cut 1 | 2", "sim heal", "sim run 2s", "sim pause broker 2", "sim resume broker 2", "kafka-topics --bootstrap-server :9092 --list",
    "sim until 4s", "sim kill controller 101", "echo x | kafka-console-producer --bootstrap-server :9092 --topic orders", "no such thing", "sim until lost() > 0", "sim power-off broker 3", "^C"];
  const keys = [..."123456.,<>[]mrbkxe+-?", "Space", "Home", "End", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Enter", "Escape", "Tab"];
  const end = Date.now() + seconds * 1000;
  let acts = 0;
  while (Date.now() < end && await page.locator("#crash").isHidden()) {
    acts += 1;
    const x = random(LAPTOP.width), y = random(LAPTOP.height);
    switch (random(8)) {
      case 0: await page.evaluate((line) => {
        const input = document.querySelector(".prompt input");
        if (!input) return;
        input.focus();
        input.value = line;
        input.dispatchEvent(new InputEvent("input", { bubbles: true }));
        input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
      }, lines[random(lines.length)]); break;
      case 1: await page.evaluate(() => document.querySelector(".stage, .view")?.focus()); await page.keyboard.press(keys[random(keys.length)]); break;
      case 2: await page.keyboard.press(keys[random(keys.length)]); break;
      case 3: await page.mouse.move(x, y); await page.mouse.down(); await page.mouse.move(random(LAPTOP.width), random(LAPTOP.height), { steps: 2 }); await page.mouse.up(); break;
      case 4: await page.mouse.dblclick(x, y); break;
      default: await page.mouse.click(x, y);
    }
  }
  t.diagnostic(`${acts} acts`);
  assert.ok(await page.locator("#crash").isHidden(), `the page stopped after ${acts} acts: ${await page.locator("#crash-text").innerText()}`);
  assert.deepEqual(wrong, []);
  assert.ok(acts > seconds, "acts came through");
  await page.locator(".app").waitFor();
  await close();
});

for (const how of ["long", "double", "rtl", "xss"]) {
  test(`with strings=${how} every text of the page is strained, nothing breaks, and no text becomes markup`, async () => {
    const { page, wrong, close } = await open({ fragment: `?strings=${how}` });
    page.on("dialog", (dialog) => { wrong.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
    const play = { long: /^Play ütmost/, double: /^Play Play$/, rtl: /^אבג Play$/, xss: /^<img src=x onerror=alert\(1\)>Play<\/script>$/ }[how];
    assert.match((await page.locator(".play").innerText()).trim(), play);
    for (const tab of await page.locator(".tabs.views .tab").all()) await tab.click();
    await page.locator(".tabs.views .tab").first().click();
    await page.locator(".rep").first().click();
    await page.locator(".insp h2").getByText("orders-").waitFor();
    assert.equal(await page.locator("#app img").count(), 0);
    assert.equal(await page.evaluate(() => document.documentElement.dir), how === "rtl" ? "rtl" : "");
    assert.deepEqual(wrong, []);
    await close();
  });
}

test("with fuzz the page presses its own buttons and keys and stays up: the same run for the same seed, and its link replays it", { timeout: 300_000 }, async () => {
  const state = (page) => page.evaluate(() => JSON.parse(globalThis.kafkasim("state", "")));
  const played = [];
  for (let n = 0; n < 2; n++) {
    const { page, wrong, close } = await open({ fragment: "?fuzz=7:150" });
    await page.waitForFunction(() => document.documentElement.dataset.fuzz?.endsWith("done"), undefined, { timeout: 120_000 });
    assert.ok(await page.locator("#crash").isHidden(), await page.locator("#crash-text").innerText());
    played.push(await state(page));
    assert.deepEqual(wrong, []);
    await close();
  }
  const [first, second] = played;
  assert.notEqual(first.clock, 8_000, "its acts reach the engine");
  assert.deepEqual([second.clock, second.link], [first.clock, first.link], "the link holds every command, the event of each, and the digest");
  const { page, close } = await open({ fragment: first.link });
  assert.equal(await page.getByText("may differ from what was shared").count(), 0);
  assert.equal((await state(page)).clock, first.clock);
  await close();
});

test("theme=contrast gives the system's theme more contrast without being asked by the system", async () => {
  for (const [colorScheme, ground] of [["light", "rgb(255, 255, 255)"], ["dark", "rgb(0, 0, 0)"]]) {
    const { page, wrong, close } = await open({ fragment: "?theme=contrast", colorScheme });
    await page.waitForFunction((ground) => getComputedStyle(document.body).backgroundColor === ground, ground);
    assert.equal(await page.evaluate(() => JSON.parse(globalThis.kafkasim("state", "")).warnings.length), 0);
    assert.deepEqual(wrong, []);
    await close();
  }
});

test("a link from a newer version, a cut one and one that is none say so, and offer a fresh start", async () => {
  const whole = linkTo({ title: "x", seed: 1, cluster: { brokers: 1, controllers: 1 } });
  for (const [fragment, says] of [["#s=9.abcdef.ghij", /format 9.*newer/], [whole.slice(0, -9), /cut or changed/], ["#s=", /not a kafkasim link/]]) {
    const { page, close } = await open({ fragment, ready: "[role=alert]" });
    await page.locator("[role=alert]").getByText(says).waitFor();
    await page.getByRole("link", { name: "Start afresh" }).click();
    await page.waitForFunction(() => !location.hash);
    await close();
  }
});

for (const slow of ["instantiate", "compile"]) {
  test(`the parts of the engine fit together in whatever order they are ready: WebAssembly.${slow} is slow`, async () => {
    const { page, close } = await tab("about:blank");
    await page.addInitScript((slow) => {
      const original = WebAssembly[slow];
      let n = 0;
      WebAssembly[slow] = async (...given) => {
        await new Promise((done) => setTimeout(done, 600 >> n++));
        return original.apply(WebAssembly, given);
      };
    }, slow);
    for (const fragment of ["", "#lesson=lost-ack", "?ui=embed&lesson=load", "?ui=embed"]) {
      await page.goto(address(fragment));
      await page.reload();
      await page.locator(".app").first().waitFor();
      await page.locator(".broker").first().waitFor();
    }
    await close();
  });
}

test("a host that names an origin which is not its own is neither heard nor told anything", async () => {
  const other = await otherSite({
    "/liar.html": (site) => ({
      headers: {},
      html: `<!doctype html><title>x</title><script>heard = []; addEventListener("message", (e) => heard.push(e.data))</script>
        <iframe src="${site}?ui=embed&origin=https://bank.example" width="800" height="500"></iframe>`,
    }),
  });
  const { page, close } = await tab(`${other.url.replace("/nothing/", "/")}liar.html`);
  const inside = page.frames()[1];
  await inside.locator(".app").waitFor();
  const before = await inside.getByLabel("Moment").getAttribute("aria-valuetext");
  await page.evaluate(() => {
    for (const type of ["step", "play", "getState", "subscribe"]) frames[0].postMessage({ kafkaSim: 1, id: 1, type }, "*");
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => heard.push(data);
    frames[0].postMessage({ kafkaSim: 1, type: "hello" }, "*", [port2]);
    port1.postMessage({ kafkaSim: 1, id: 2, type: "step" });
  });
  await page.waitForTimeout(600);
  assert.equal(await inside.getByLabel("Moment").getAttribute("aria-valuetext"), before);
  assert.deepEqual(await page.evaluate(() => heard), []);
  await close();
  other.close();
});
