// A visitor of the released site: opens pages below a sub-path, types into terminals, and keeps what went wrong.
import { after, before } from "node:test";
import { axe, launch, serve } from "./browser.mjs";

const PREFIX = "/course/week-3/";
export const LAPTOP = { width: 1366, height: 768 };
export const PHONE = { width: 390, height: 844 };
const TIMEOUT = 20_000;
// `KAFKASIM_SLOW=4`: a visitor with a machine four times as slow, who looks for two seconds before doing anything. What a test
// says must hold for them too.
const SLOW = Number(process.env.KAFKASIM_SLOW ?? 1);

let browser, site;

// Serves the site and starts a browser for the tests of a file.
export function visitTheSite() {
  before(async () => {
    site = await serve(process.env.KAFKASIM_SITE, PREFIX);
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    site?.close();
  });
}

// Another site, with pages of its own, on another origin. A page is given the address of ours.
export async function otherSite(pages) {
  const made = Object.entries(pages).map(([path, make]) => [path, make(site.url)]);
  return serve("/nowhere", "/nothing/", Object.fromEntries(made));
}

// An address of ours; `fragment` is its end, from `?` or `#` on.
export const address = (fragment) => site.url + fragment;

// Goes to an address, as slowly as was asked for.
async function visit(page, url) {
  page.setDefaultTimeout(TIMEOUT * SLOW);
  if (SLOW > 1) await (await page.context().newCDPSession(page)).send("Emulation.setCPUThrottlingRate", { rate: SLOW });
  await page.goto(url);
}

// A tab at any address, in a browser of its own.
export async function tab(url, { viewport = LAPTOP, ...options } = {}) {
  const context = await browser.newContext({ viewport, ...options });
  const page = await context.newPage();
  await visit(page, url);
  return { page, context, close: () => context.close() };
}

// A page that has started, and what went wrong on it. `fragment` is the address from `?` or `#` on; `ready` is waited for.
export async function open({ fragment = "", viewport = LAPTOP, ready = ".app", ...options } = {}) {
  const context = await browser.newContext({ viewport, ...options });
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("response", (response) => response.status() >= 400 && wrong.push(`${response.status()} ${response.url()}`));
  page.on("request", (request) => {
    if (/^http/.test(request.url()) && !request.url().startsWith(site.url)) wrong.push(`outside: ${request.url()}`);
  });
  await visit(page, site.url + fragment);
  await page.locator(ready).first().waitFor();
  if (SLOW > 1) await page.waitForTimeout(2000);
  return { page, context, wrong, close: () => context.close() };
}

export const prompt = (page, id = 1) => page.getByLabel(`Command for terminal ${id}`);
export const output = (page, id = 1) => page.getByLabel(`Output of terminal ${id}`);

// Enters a line in a terminal.
export async function run(page, line, id = 1) {
  await prompt(page, id).fill(line);
  await prompt(page, id).press("Enter");
}

// Opens a view by its tab.
export const view = (page, name) => page.getByRole("tablist", { name: "Views" }).getByRole("tab", { name }).click();

// How many pixels of the stage's canvas have the colour of a token, such as `--warn`.
export const pixels = (page, token) => page.evaluate((name) => {
  const canvas = document.querySelector(".stage canvas");
  const paint = document.createElement("canvas").getContext("2d");
  paint.fillStyle = getComputedStyle(canvas.parentElement).getPropertyValue(name).trim();
  paint.fillRect(0, 0, 1, 1);
  const [r, g, b] = paint.getImageData(0, 0, 1, 1).data;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let i = 0; i < data.length; i += 4) found += data[i + 3] > 200 && Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 24;
  return found;
}, token);

// Writes what is seen of a part to `docs/NAME.png`, at rest, if KAFKASIM_PICTURES is set: the pictures of the manual are made by
// the tests, when somebody wants them (`KAFKASIM_PICTURES=1 cargo xtask test --only page`).
export async function picture(page, name, part = ".stage-zone") {
  if (!process.env.KAFKASIM_PICTURES) return;
  await page.mouse.move(0, 0);
  await page.waitForTimeout(250);
  const path = new URL(`../../docs/${name}.png`, import.meta.url).pathname;
  await page.locator(part).screenshot({ path, animations: "disabled" });
}

// What axe finds wrong, a line each. The page must have been opened with `bypassCSP`.
export async function accessibilityFaults(page) {
  await page.evaluate(axe());
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
  const found = await page.evaluate((values) => window.axe.run({ runOnly: { type: "tag", values } }), tags);
  return found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(", ")}`);
}
