// node pages.mjs SITE URL LESSONS: a page for each lesson that chats and blogs can unfurl (Open Graph, oEmbed), with a picture
// of the lesson's cluster. They want whole addresses, so this is done only when it is known where the site will be.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { launch, serve } from "../../../tests/js/browser.mjs";

const [site, address, lessons] = process.argv.slice(2);
const base = address.endsWith("/") ? address : `${address}/`;
const PICTURE = { width: 1200, height: 630 }, FRAME = { width: 1000, height: 625 };
const html = (text) => text.replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`);

// A lesson's title and the first paragraph of its text, without marks.
function read(file) {
  const text = readFileSync(join(lessons, file), "utf8");
  const paragraph = text.split(/^# .*$/m)[1].trim().split("\n\n")[0];
  return {
    id: file.replace(/\.md$/, ""),
    title: text.match(/^title: (.*)$/m)[1],
    about: paragraph.replace(/\s+/g, " ").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[`*_]/g, ""),
  };
}

function page({ id, title, about }) {
  const tags = {
    "og:type": "website", "og:site_name": "kafkasim", "og:title": title, "og:description": about, "og:url": `${base}${id}.html`,
    "og:image": `${base}${id}.png`, "og:image:width": PICTURE.width, "og:image:height": PICTURE.height,
  };
  const to = `./?lesson=${id}`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self'">
<meta http-equiv="refresh" content="0; url=${to}">
<title>${html(title)} · kafkasim</title>
<meta name="description" content="${html(about)}">
<meta name="twitter:card" content="summary_large_image">
${Object.entries(tags).map(([name, value]) => `<meta property="${name}" content="${html(String(value))}">`).join("\n")}
<link rel="alternate" type="application/json+oembed" href="${html(`${base}${id}.oembed.json`)}" title="${html(title)}">
<h1>${html(title)}</h1>
<p>${html(about)}</p>
<p><a href="${to}">Open the lesson</a></p>
</html>
`;
}

function oembed({ id, title }) {
  const src = `${base}?ui=embed&lesson=${id}`;
  const frame = `<iframe src="${html(src)}" width="${FRAME.width}" height="${FRAME.height}" title="${html(title)}" sandbox="allow-scripts allow-same-origin allow-popups allow-downloads" loading="lazy"></iframe>`;
  return JSON.stringify({
    version: "1.0", type: "rich", provider_name: "kafkasim", provider_url: base, title, html: frame, ...FRAME,
    thumbnail_url: `${base}${id}.png`, thumbnail_width: PICTURE.width, thumbnail_height: PICTURE.height,
  });
}

const all = readdirSync(lessons).filter((file) => file.endsWith(".md")).sort().map(read);
const server = await serve(site);
const browser = await launch();
try {
  for (const lesson of all) {
    const tab = await browser.newPage({ viewport: PICTURE });
    await tab.goto(`${server.url}?ui=embed&lesson=${lesson.id}&theme=dark`);
    await tab.locator(".app").waitFor();
    await tab.waitForTimeout(300);
    await tab.screenshot({ path: join(site, `${lesson.id}.png`), animations: "disabled" });
    await tab.close();
    writeFileSync(join(site, `${lesson.id}.html`), page(lesson));
    writeFileSync(join(site, `${lesson.id}.oembed.json`), oembed(lesson));
  }
} finally {
  await browser.close();
  server.close();
}
console.log(`${all.length} lessons have a page, a picture and an oEmbed answer for ${base}`);
