/*
 * node picture.mjs DIR OUT.svg: the upper part of DIR/pages/page.html as one SVG, for the README. It is the page itself, its markup
 * and style, without scripts: what can be drawn on a canvas only is left out.
 */
import { createRequire } from "node:module";
import fs from "node:fs";
import path from "node:path";

const [dir, out] = process.argv.slice(2);
const { chromium } = createRequire(path.resolve(dir) + "/")("playwright-core");
const width = 1000, html = fs.readFileSync(dir + "/pages/page.html", "utf8").replace(/<script[^]*?<\/script>/g, "");
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await (await browser.newContext({ offline: true, viewport: { width, height: 900 } })).newPage();
await page.setContent(html.replace(/<meta http-equiv[^>]*>/, ""));
const { body, style, height } = await page.evaluate(() => {
	const last = document.getElementById("tournament");
	while (last.nextElementSibling) last.nextElementSibling.remove();
	for (let e = last.closest("main"); e && e.nextElementSibling;) e.nextElementSibling.remove();
	const end = [...last.querySelectorAll("svg.timeline")].pop();
	while (end.nextElementSibling) end.nextElementSibling.remove();
	for (const e of document.querySelectorAll(".skip, .scripted, footer")) e.remove();
	const style = [...document.querySelectorAll("style")].map(s => s.textContent).join("\n");
	const height = Math.ceil(document.body.getBoundingClientRect().bottom);
	return { body: new XMLSerializer().serializeToString(document.body), style, height };
});
await browser.close();
const escaped = style.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/\/\*[^]*?\*\//g, "");
fs.writeFileSync(out, `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<title>A report of concur: the verdict, its three witnesses, what is in the way, and the race</title>
<style>${escaped}</style>
<rect width="100%" height="100%" style="fill:var(--paper)"/>
<foreignObject width="100%" height="100%">
${body.trim().replace(/[ \t]+$/gm, "")}
</foreignObject>
</svg>
`);
