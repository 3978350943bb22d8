/*
 * node check.mjs DIR: every page of DIR/pages in headless Chromium. DIR has node_modules; screenshots go to DIR/shots.
 *
 * A page must make no request but for itself, write nothing to the console, pass axe, fit a phone, and do what its
 * controls say. No time is asserted here: bench/report measures.
 */
import { createRequire } from "node:module";
import fs from "node:fs";
import path from "node:path";

const dir = path.resolve(process.argv[2]);
const require = createRequire(dir + "/");
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
let failed = 0, passed = 0;

const check = (what, ok, more = "") => {
	ok ? passed++ : failed++;
	if (!ok) console.log(`FAILED ${what}${more ? ": " + more : ""}`);
};

const looks = {
	light: { viewport: { width: 1200, height: 900 }, colorScheme: "light" },
	dark: { viewport: { width: 1200, height: 900 }, colorScheme: "dark" },
	phone: { viewport: { width: 390, height: 844 }, colorScheme: "light", hasTouch: true },
	"no-scripts": { viewport: { width: 1200, height: 900 }, colorScheme: "light", javaScriptEnabled: false },
};

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });

async function open(name, look) {
	const context = await browser.newContext({ offline: true, reducedMotion: "reduce", ...looks[look] });
	const page = await context.newPage();
	const seen = { console: [], requests: [] };
	page.on("console", m => seen.console.push(m.text()));
	page.on("pageerror", e => seen.console.push(e.message));
	page.on("dialog", d => { seen.console.push("dialog: " + d.message()); d.dismiss(); });
	page.on("request", r => seen.requests.push(r.url()));
	await page.goto(`file://${dir}/pages/${name}.html`);
	return { context, page, seen };
}

async function accessible(page, label) {
	await page.evaluate(axe + ";0");
	const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
	for (const v of result.violations)
		check(`${label} axe`, false, `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map(n => n.target + " " + n.failureSummary).join(" | ")}`);
	check(`${label} axe`, result.passes.length > 10 && !result.violations.length);
}

async function look(name, as) {
	const label = `${name} ${as}`;
	const { context, page, seen } = await open(name, as);
	await page.waitForTimeout(150);
	check(`${label} has a verdict`, (await page.locator("h1").innerText()).trim().length > 3);
	const wide = as === "no-scripts" ? 0 : await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
	check(`${label} does not scroll sideways`, wide <= 0, `${wide} px too wide`);
	await page.screenshot({ path: `${dir}/shots/${name}-${as}.png`, fullPage: true });
	if (as !== "no-scripts") {
		await page.evaluate(() => { for (const d of document.querySelectorAll("details")) d.open = true; });
		await accessible(page, label);
	}
	check(`${label} console is silent`, !seen.console.length, seen.console.join("; "));
	check(`${label} makes no request`, seen.requests.length === 1, seen.requests.join(" "));
	return { context, page, done: () => context.close() };
}

const column = (page, table, n) => page.$$eval(`${table} tbody tr`, (rows, i) => rows.map(r => r.cells[i] && r.cells[i].dataset.v !== undefined
	? Number(r.cells[i].dataset.v) : null).filter(x => x !== null), n);
const sorted = (x, way) => x.every((v, i) => !i || way * (v - x[i - 1]) >= 0);

async function tables(page) {
	const head = page.locator("#tournament thead button", { hasText: "Speedup" });
	await head.click();
	const down = await column(page, "#tournament", 2);
	check("speedups sort downward first", down.length > 3 && sorted(down, -1), down.join(" "));
	check("aria-sort says descending", await page.locator("#tournament th[aria-sort=descending]").count() === 1);
	await head.press("Enter");
	check("and upward by the keyboard", sorted(await column(page, "#tournament", 2), 1));
	await page.locator("details:has(input.filter)").evaluate(d => { d.open = true; });
	await page.fill("input.filter", "gethostbyname");
	check("findings are filtered", await page.locator("details:has(input.filter) tbody tr:visible").count() === 1);
}

const width = async box => (await box.boundingBox()).width;

async function flames(page) {
	const live = page.locator("#flame-off .live");
	const box = live.locator("g.frame", { hasText: "connect" }).first();
	const before = await width(box.locator("rect"));
	await box.locator("rect").click();
	await page.waitForTimeout(400);
	const whole = (await live.boundingBox()).width;
	check("a click zooms", before < whole / 4 && await width(box.locator("rect")) > whole * .95, `${before} of ${whole}`);
	await page.click("#flame-reset");
	await page.waitForTimeout(400);
	check("show all goes back", Math.abs(await width(box.locator("rect")) - before) < 2);
	await page.fill("#flame-find", "RECV");
	const says = await page.locator("#flame-says").innerText();
	check("search finds, whatever the case", /^1 boxes match: 91 %, 900 ms$/.test(says), says);
	await page.click("#flame-reset");
	await live.focus();
	for (const key of ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight"]) await page.keyboard.press(key);
	check("keys move", await live.locator("g.frame.current").count() === 1);
	for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowDown");
	const at = await page.locator("#flame-says").innerText();
	await page.keyboard.press("Enter");
	await page.waitForTimeout(400);
	check("Enter zooms", await width(live.locator("g.frame.current rect")) > whole * .95, at);
	await page.keyboard.press("Escape");
}

async function pageWorks() {
	const { page, done, context } = await look("page", "light");
	check("the chart is drawn", await page.locator("#chart-race canvas").count() === 1);
	check("the history is drawn", await page.locator("#chart-trend canvas").count() === 1);
	await tables(page);
	await flames(page);
	await done();
	void context;
}

async function withoutScripts() {
	const { page, done } = await look("page", "no-scripts");
	check("without scripts no empty chart", await page.locator(".scripted:visible").count() === 0);
	check("without scripts the flames are drawn", await page.locator("svg.flame:visible").count() === 2);
	check("without scripts the intervals are drawn", await page.locator("#tournament svg.whisker:visible").count() === 5);
	await done();
}

async function print() {
	const { page, context } = await open("page", "dark");
	await page.pdf({ path: `${dir}/shots/page-print.pdf`, format: "A4", printBackground: true });
	check("paper is printed", fs.statSync(`${dir}/shots/page-print.pdf`).size > 20000);
	await page.emulateMedia({ media: "print" });
	const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
	check("paper is white in the dark", paper === "rgb(255, 255, 255)", paper);
	check("controls are not printed", await page.locator(".tools:visible").count() === 0);
	check("flames are printed as drawn", await page.locator("svg.flame:visible").count() === 2);
	await page.setViewportSize({ width: 794, height: 1123 });
	await page.screenshot({ path: `${dir}/shots/page-print.png`, fullPage: true });
	await context.close();
}

async function comparison() {
	for (const as of ["light", "dark", "phone"]) {
		const { page, done } = await look("comparison", as);
		const fills = await page.$$eval("#flame-off .live rect", all => all.map(r => r.getAttribute("fill")).join(" "));
		check("a comparison shows more and less", fills.includes("--worse") && fills.includes("--better"), fills);
		await done();
	}
}

async function hostile() {
	const { page, done } = await look("hostile", "light");
	check("names are text", (await page.locator(".eyebrow").innerText()).includes("<img src=x"));
	check("names run nothing", !(await page.title()).startsWith("owned") && await page.locator("img").count() === 0);
	check("names are text in the flames", (await page.locator("#flame-off .live").innerText()).includes("<script>"));
	await done();
}

await pageWorks();
for (const as of ["dark", "phone"]) await (await look("page", as)).done();
await withoutScripts();
await print();
await comparison();
await hostile();
for (const name of ["compute", "leave", "cannot-tell", "nothing"]) await (await look(name, "light")).done();
await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
