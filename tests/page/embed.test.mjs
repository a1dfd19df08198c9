// The page inside other pages: the element, the messages, the parameters, the cases that must be refused, and offline.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessibilityFaults, address, open, otherSite, output, run, tab, visitTheSite } from "../js/visitor.mjs";

visitTheSite();

// A course page under a policy that allows our site and nothing else.
const course = (body) => (site) => {
  const origin = new URL(site).origin;
  return {
    headers: { "content-security-policy": `default-src 'none'; script-src ${origin}; frame-src ${origin}` },
    html: `<!doctype html><html lang="en"><title>A course</title><body>${body.replaceAll("SITE", site)}
      <script type="module" src="${site}embed.js"></script>`,
  };
};

// Opens a page of another origin. `run(page, other)` tests it.
async function onAnotherSite(body, act, options) {
  const other = await otherSite({ "/course.html": course(body) });
  const { page, close } = await tab(`${other.url.replace("/nothing/", "/")}course.html`, options);
  try {
    await act(page, other);
  } finally {
    await close();
    other.close();
  }
}

const element = (page, act, arg) => page.locator("kafka-sim").first().evaluate(act, arg);

test("an element shows its own content until it is seen, then runs, takes commands and tells what happens", async () => {
  const below = "<p>text</p>".repeat(80);
  await onAnotherSite(`${below}<kafka-sim theme="light"><p>A cluster you can break</p></kafka-sim>`, async (page) => {
    await page.getByText("A cluster you can break").waitFor({ state: "attached" });
    assert.equal(page.frames().length, 1, "nothing is loaded below the fold");
    await page.locator("kafka-sim").scrollIntoViewIfNeeded();
    await element(page, (sim) => sim.ready());
    assert.equal(page.frames().length, 2);

    const heard = await element(page, async (sim) => {
      const events = [];
      await sim.subscribe((batch) => events.push(...batch));
      await sim.run("kafka-topics --bootstrap-server :9092 --create --topic embedded --partitions 2");
      await sim.advance(2_000);
      for (let i = 0; i < 100 && !events.some((e) => e.text.includes("embedded")); i++) await new Promise((r) => setTimeout(r, 50));
      const before = (await sim.getState()).clock;
      await sim.seek(1_000);
      return { events: events.map((e) => e.text), before, after: (await sim.getState()).clock };
    });
    assert.ok(heard.events.some((text) => text.includes("embedded")), heard.events.join("; "));
    assert.equal(heard.after, 1_000);
    assert.ok(heard.before > heard.after);
  });
});

test("the state of one element is the state of another: a link goes from one to the other", async () => {
  await onAnotherSite('<kafka-sim start="click"></kafka-sim><kafka-sim start="click"></kafka-sim>', async (page) => {
    await page.getByRole("button", { name: "Run" }).first().click();
    const [clock, same] = await page.evaluate(async () => {
      const [one, two] = document.querySelectorAll("kafka-sim");
      await one.run("kafka-topics --bootstrap-server :9092 --create --topic travels");
      await one.advance(1_500);
      while ((await one.getState()).playing) await new Promise((r) => setTimeout(r, 20));
      const { link, clock } = await one.getState();
      await two.setState(link);
      return [clock, (await two.getState()).clock];
    });
    assert.equal(same, clock);
    await page.frames()[2].getByText("Created topic travels.").waitFor();
  });
});

// A part that is not there when it is needed is asked for by a request that stops the page, under another name.
test("nobody waits for a part of the engine at the start, whatever the size and the theme", async () => {
  const looks = [["?ui=embed", 760, 480], ["?ui=embed", 640, 360, "dark"], ["?ui=embed", 900, 560, "dark"], ["?ui=minimal", 700, 400], ["", 1366, 768], ["", 390, 844], ["", 1920, 1080, "dark"]];
  for (const [fragment, width, height, colorScheme = "light"] of looks) {
    const { page, close } = await open({ fragment, viewport: { width, height }, colorScheme, serviceWorkers: "block" });
    await page.locator(".broker").first().waitFor();
    await page.waitForTimeout(1_000);
    const waited = await page.evaluate(() => performance.getEntriesByType("resource").map((entry) => entry.name.split("/").at(-1)).filter((name) => name.endsWith("?now")));
    assert.deepEqual(waited, [], `${fragment} at ${width} × ${height}, ${colorScheme}`);
    await close();
  }
});

test("one cluster plays at a time on a page", async () => {
  await onAnotherSite("<kafka-sim></kafka-sim><kafka-sim></kafka-sim>", async (page) => {
    const playing = await page.evaluate(async () => {
      const sims = [...document.querySelectorAll("kafka-sim")];
      for (const sim of sims) await sim.play();
      let states;
      for (let i = 0; i < 100; i++) {
        states = (await Promise.all(sims.map((sim) => sim.getState()))).map((state) => state.playing);
        if (!states[0]) break;
        await new Promise((r) => setTimeout(r, 50));
      }
      return states;
    });
    assert.deepEqual(playing, [false, true]);
  }, { viewport: { width: 1000, height: 1400 } });
});

test("a goal that is met is told to the page around", async () => {
  await onAnotherSite('<kafka-sim lesson="producer-consumer" step="3"></kafka-sim>', async (page) => {
    const goals = await element(page, async (sim) => {
      const goals = [];
      sim.addEventListener("sim-goal", (e) => goals.push(e.detail));
      await sim.ready();
      await sim.run("TOPIC=temperature python admin.py");
      await sim.advance(5_000);
      await sim.run("TOPIC=temperature KEY=station-01 SENSOR=sensor-01 python producer.py", 2);
      await sim.run("TOPICS=temperature GROUP=monitoring-service python consumer.py", 3);
      await sim.advance(20_000);
      for (let i = 0; i < 200 && goals.length < 3; i++) await new Promise((r) => setTimeout(r, 50));
      return goals;
    });
    assert.deepEqual(goals.map((g) => [g.lesson, g.goal, g.status]), [
      ["producer-consumer", "The group is stable", "met"],
      ["producer-consumer", "Terminal 3 owns the partition", "met"],
      ["producer-consumer", "It has been given records from the first one on", "met"],
    ]);
  });
});

test("what is refused says why, and what is not understood is a warning", async () => {
  await onAnotherSite('<kafka-sim readonly="1" speed="fast" theme="dark"></kafka-sim>', async (page) => {
    const [errors, warnings] = await element(page, async (sim) => {
      const error = (promise) => promise.then(() => "nothing", (e) => e.message);
      const errors = [
        await error(sim.run("sim kill broker 1")), await error(sim.load({ lesson: "no-such" })),
        await error(sim.setState("s=9.abc")), await error(sim.load({ scenario: { kafkasim: 1, brokerz: 3 } })),
        await error(sim.seek("soon")),
      ];
      return [errors, (await sim.getState()).warnings];
    });
    for (const [i, word] of ["takes no commands", "no-such", "format 9", "brokerz", "soon"].entries()) {
      assert.ok(errors[i].includes(word), `\`${word}\` is not in: ${errors[i]}`);
    }
    assert.deepEqual(warnings, ["`speed=fast` is not understood"]);
  });
});

test("a condition is run to, a theme follows the host's, and only what the host allows is taken", async () => {
  const body = '<kafka-sim theme="dark" view="log" allow="kafka-topics,sim until"></kafka-sim>';
  await onAnotherSite(body, async (page) => {
    const frame = await element(page, (sim) => sim.ready()).then(() => page.frames()[1]);
    await frame.getByRole("tab", { name: "Log", selected: true }).waitFor();
    await element(page, (sim) => sim.setAttribute("theme", "light"));
    await frame.waitForFunction(() => document.documentElement.dataset.theme === "light");

    const [clock, error, refusals] = await element(page, async (sim) => {
      const why = (promise) => promise.then(() => "nothing", (e) => e.message);
      await sim.run("kafka-topics --bootstrap-server :9092 --create --topic waited --partitions 2");
      const state = await sim.until('exists("waited")');
      return [state.clock, await why(sim.until("leader(")), [await why(sim.run("sim kill broker 1")), await why(sim.run("kafka-topics --list; kafka-configs --help", 6))]];
    });
    assert.ok(clock > 0, `the clock shows ${clock}`);
    assert.ok(error.includes("leader("), error);
    for (const refusal of refusals) assert.ok(refusal.includes("takes kafka-topics, sim until only"), refusal);
  });
});

test("a host can switch off single keys, links to elsewhere, and what is kept between visits", async () => {
  for (const [fragment, opens, keeps] of [["", true, "object"], ["?keys=0&links=0&storage=none", false, "SecurityError"]]) {
    const { page, close } = await open({ fragment });
    try {
      await page.locator('[data-node="broker-1"] button').first().focus();
      await page.keyboard.press("?");
      await page.waitForTimeout(200);
      assert.equal(await page.getByRole("dialog", { name: "Marks and keys" }).isVisible(), opens, fragment);
      assert.equal(await page.evaluate(() => { try { return typeof localStorage; } catch (e) { return e.name; } }), keeps);
      const followed = await page.evaluate(() => {
        const link = Object.assign(document.createElement("a"), { href: "https://elsewhere.example/", target: "_blank" });
        document.body.append(link);
        return link.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, button: 0 }));
      });
      assert.equal(followed, opens, "a link to elsewhere");
    } finally {
      await close();
    }
  }
});

test("a page that is not the one named is not heard, and another window neither", async () => {
  const frame = '<iframe src="SITE?ui=embed&origin=https://elsewhere.example" width="800" height="500"></iframe>';
  await onAnotherSite(frame, async (page) => {
    const inside = page.frames()[1];
    await inside.locator(".app").waitFor();
    const event = () => inside.getByLabel("Moment").getAttribute("aria-valuetext");
    const before = await event();
    await page.evaluate(() => frames[0].postMessage({ kafkaSim: 1, type: "step" }, "*"));
    await inside.evaluate(() => postMessage({ kafkaSim: 1, type: "step" }, "*"));
    await page.waitForTimeout(300);
    assert.equal(await event(), before);
  });
});

test("a bare frame is driven by messages alone, without a port", async () => {
  const frame = '<iframe src="SITE?ui=minimal" width="800" height="500"></iframe>';
  await onAnotherSite(frame, async (page) => {
    await page.frames()[1].locator(".app").waitFor();
    const answers = await page.evaluate(() => new Promise((done) => {
      const answers = [];
      addEventListener("message", ({ data }) => {
        if (data.kafkaSim !== 1 || !data.id) return;
        answers.push([data.id, data.type, data.code ?? data.state?.title]);
        if (answers.length === 3) done(answers);
      });
      const say = (message) => frames[0].postMessage({ kafkaSim: 1, ...message }, "*");
      say({ id: 1, type: "step" });
      say({ id: 2, type: "getState" });
      say({ id: 3, type: "dance" });
    }));
    assert.deepEqual(answers, [[1, "done", undefined], [2, "state", answers[1][2]], [3, "error", "unknown-type"]]);
    assert.ok(answers[1][2].length > 3);
  });
});

for (const [name, sandbox] of [
  ["with its own origin", "allow-scripts allow-same-origin"],
  ["without an origin, from a host that lets any origin read", "allow-scripts"],
]) {
  test(`in a sandbox ${name} it runs`, async () => {
    await onAnotherSite(`<iframe sandbox="${sandbox}" src="SITE?ui=embed" width="800" height="500"></iframe>`, async (page) => {
      await page.frameLocator("iframe").locator('[data-node="broker-1"]').first().waitFor();
    });
  });
}

test("without scripts a reader sees what stands in the element, and the page says what it needs", async () => {
  const options = { javaScriptEnabled: false };
  await onAnotherSite("<kafka-sim><p>A cluster you can break</p></kafka-sim>", async (page) => {
    assert.ok(await page.getByText("A cluster you can break").isVisible());
  }, options);
  const { page, close } = await open({ ready: ".boot", ...options });
  assert.ok(await page.locator("noscript p").isVisible());
  assert.ok(!await page.locator("#boot-text").isVisible(), "nothing is said to be starting");
  await close();
});

test("learning platforms are told the height in their own words", async () => {
  const frame = '<iframe src="SITE?ui=embed&compat=lti,embedly" width="800" height="500"></iframe>';
  const other = await otherSite({
    "/lms.html": (site) => ({
      headers: {},
      html: `<!doctype html><title>LMS</title><script>heard = []; addEventListener("message", (e) => typeof e.data === "string" && heard.push(JSON.parse(e.data)))</script>${frame.replace("SITE", site)}`,
    }),
  });
  const { page, close } = await tab(`${other.url.replace("/nothing/", "/")}lms.html`);
  await page.waitForFunction(() => heard.length >= 2);
  const heard = await page.evaluate(() => heard);
  assert.ok(heard.some((m) => m.subject === "lti.frameResize" && m.height >= 320));
  assert.ok(heard.some((m) => m.context === "iframe.resize" && m.height >= 320));
  await close();
  other.close();
});

test("a scenario of the site is opened; one of elsewhere, a missing one and a wrong one are refused", async () => {
  const refused = async (query) => {
    const { page, close } = await open({ fragment: query, ready: "#boot-text, [role=alert]" });
    const text = page.locator("#boot-text, [role=alert]").filter({ hasText: /scenario|cannot be opened/ });
    await text.first().waitFor();
    const said = await text.first().innerText();
    await close();
    return said;
  };
  assert.match(await refused("?scenario=https://elsewhere.example/x.json"), /is not on this site/);
  assert.match(await refused("?scenario=nowhere.json"), /answers 404/);
  assert.match(await refused("?scenario=manifest.webmanifest"), /line 2/);
});

test("embedded, axe finds nothing and nothing is cut off, wide and narrow", async () => {
  for (const [query, width, height] of [["?ui=embed", 700, 438], ["?ui=embed&lesson=load", 1000, 625], ["?ui=embed&lesson=load", 320, 600], ["?ui=minimal", 480, 320]]) {
    const { page, close } = await open({ fragment: query, viewport: { width, height }, bypassCSP: true });
    assert.deepEqual(await accessibilityFaults(page), [], `${query} at ${width}×${height}`);
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(beyond <= 0, `${query} at ${width} is ${beyond} px too wide`);
    await close();
  }
});

test("after one visit the page opens without a network, with its link", async () => {
  const { page, context, close } = await open();
  await run(page, "kafka-topics --bootstrap-server :9092 --create --topic kept");
  await run(page, "sim run 2s");
  await output(page).getByText("Created topic kept.").waitFor();
  await page.getByRole("button", { name: "Share", exact: true }).click();
  await page.waitForFunction(async () => {
    const cache = await caches.open("kafkasim-1");
    const kept = (await cache.keys()).map((request) => request.url);
    return kept.some((url) => url.endsWith("_rest.wasm")) && kept.some((url) => url.endsWith("/"));
  });
  await context.setOffline(true);
  await page.reload();
  await output(page).getByText("Created topic kept.").waitFor();
  await close();
});

for (const first of ["a page of its own", "a frame in a page of another site"]) {
  test(`after ${first} was seen once, page, frame and lessons open without a network, and everything in them works`, async () => {
    const framed = (site) => ({ headers: {}, html: `<!doctype html><title>x</title><iframe src="${site}?ui=embed" width="800" height="500"></iframe>` });
    const other = await otherSite({ "/frame.html": framed });
    const { page, context, close } = await tab(first.startsWith("a page") ? address("") : `${other.url.replace("/nothing/", "/")}frame.html`);
    const kept = () => page.frames().at(-1).evaluate(async () => (await (await caches.open("kafkasim-1")).keys()).map((request) => request.url));
    for (let isKept = false; !isKept; await page.waitForTimeout(200)) {
      const urls = await kept();
      isKept = ["_next.wasm", "_open.wasm", "_rest.wasm", "/", "host.js", "snapshot.js"].every((end) => urls.some((url) => url.endsWith(end)));
    }
    await context.setOffline(true);
    const later = await context.newPage(), wrong = [];
    later.setDefaultTimeout(20_000);
    later.on("pageerror", (error) => wrong.push(String(error)));
    for (const fragment of ["", "?ui=embed&panels=timeline,terminal", "#lesson=lost-ack", "?ui=embed&lesson=load", "?view=log"]) {
      await later.goto("about:blank");
      await later.goto(address(fragment));
      await run(later, "kafka-topics --bootstrap-server :9092 --create --topic kept");
      await output(later).getByText("Created topic kept.").waitFor();
    }
    assert.deepEqual(wrong, []);
    await close();
    other.close();
  });
}
