/*
 * node paint.mjs TOOLS CONCUR DIR ROUNDS: writes and opens DIR/large.html ROUNDS times, in turn; the median of each figure and
 * its whole range. Each opening is a new browser context, so that nothing is cached.
 */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import fs from "node:fs";

const [tools, concur, dir, rounds] = process.argv.slice(2);
const { chromium } = createRequire(tools + "/")("playwright-core");
const file = dir + "/large.html";
const rows = { load: [], write: [], paint: [], ready: [], find: [] };

const timed = args => {
	const start = process.hrtime.bigint();
	const done = spawnSync(concur, args, { stdio: ["ignore", "ignore", "inherit"] });
	if (done.status) throw new Error(`concur ${args.join(" ")} ended with ${done.status}`);
	return Number(process.hrtime.bigint() - start) / 1e6;
};

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
for (let i = 0; i < Number(rounds); i++) {
	const show = ["show", "last", "--db", dir + "/large.db", "--quiet"];
	rows.load.push(timed([...show, "--json"]));
	rows.write.push(timed([...show, "--html", file]));
	const page = await (await browser.newContext({ offline: true, viewport: { width: 1200, height: 900 } })).newPage();
	await page.goto("file://" + file);
	await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length);
	const [paint, ready] = await page.evaluate(() => [performance.getEntriesByName("first-contentful-paint")[0].startTime,
		performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd]);
	rows.paint.push(paint);
	rows.ready.push(ready);
	rows.find.push(await page.evaluate(() => {
		const input = document.getElementById("flame-find"), start = performance.now();
		input.value = "function_1";
		input.dispatchEvent(new Event("input"));
		return performance.now() - start;
	}));
	await page.context().close();
}
await browser.close();

const names = { load: "concur show --json, to compare", write: "concur show --html", paint: "first paint", ready: "all scripts have run",
	find: "search in the flame graphs" };
const stat = fs.statSync(file), html = fs.readFileSync(file, "utf8");
console.log(`page: ${(stat.size / 1024).toFixed(0)} KiB, ${(html.match(/"n":/g) || []).length} boxes in the flame graphs`);
for (const [key, name] of Object.entries(names)) {
	const x = rows[key].sort((a, b) => a - b);
	console.log(`${name.padEnd(32)} median ${x[x.length >> 1].toFixed(0)} ms, ${x[0].toFixed(0)} to ${x[x.length - 1].toFixed(0)}, n = ${x.length}`);
}
