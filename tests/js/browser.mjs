// A static server and a headless Chromium, for tests. `cargo xtask test` sets KAFKASIM_TOOLS (where npm's packages are)
// and CHROME (the browser).
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".css": "text/css", ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".json": "application/json",
  ".md": "text/markdown", ".mjs": "text/javascript", ".svg": "image/svg+xml", ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

// Serves `folder` below `prefix` on a free port of this machine, to scripts of any origin, as static hosts do. `pages` are
// more paths, each an `{ html, headers }`; everything else, the empty path too, is an empty page.
export async function serve(folder, prefix = "/", pages = {}) {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://x").pathname));
    response.setHeader("access-control-allow-origin", "*");
    const page = pages[path];
    if (page) return response.writeHead(200, { "content-type": TYPES[".html"], ...page.headers }).end(page.html);
    const inside = path.startsWith(prefix) ? path.slice(prefix.length) || "index.html" : null;
    try {
      if (inside === null) throw new Error("outside");
      const body = await readFile(join(folder, inside));
      response.writeHead(200, { "content-type": TYPES[extname(inside)] ?? "application/octet-stream" }).end(body);
    } catch {
      const empty = path === "/";
      response.writeHead(empty ? 200 : 404, { "content-type": "text/html" }).end("<!doctype html><title>empty</title>");
    }
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { url: `http://127.0.0.1:${server.address().port}${prefix}`, close: () => server.close() };
}

const tools = (name) => createRequire(`${process.env.KAFKASIM_TOOLS}/`)(name);

export async function launch() {
  const { chromium } = tools("playwright-core");
  return chromium.launch({ executablePath: process.env.CHROME, args: ["--no-sandbox", "--disable-gpu"] });
}

// The source of axe-core, to be added to a page.
export const axe = () => tools("axe-core").source;
