// Prints the digests that the engine's wasm computes: `node digests.mjs node <script>` in Node itself,
// `node digests.mjs chromium <script>` in a bare page of headless Chromium.
import { createRequire } from "node:module";
import { basename, dirname, resolve } from "node:path";
import { launch, serve } from "./browser.mjs";

const [host, script] = process.argv.slice(2);
if (host === "node") {
  process.stdout.write(createRequire(import.meta.url)(resolve(script)).digests());
} else {
  const site = await serve(dirname(resolve(script)));
  const browser = await launch();
  const page = await browser.newPage();
  await page.goto(site.url);
  process.stdout.write(await page.evaluate(async (file) => {
    const engine = await import(file);
    await engine.default();
    return engine.digests();
  }, `./${basename(script)}`));
  await browser.close();
  site.close();
}
