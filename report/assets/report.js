/*
 * What the page does beyond showing: charts that follow the pointer, flame graphs that zoom, tables
 * that sort. All figures are in the page without it. Foreign names only ever become text.
 */
(() => {
	"use strict";
	const root = document.documentElement;
	const data = JSON.parse(document.getElementById("data").textContent);
	const byId = id => document.getElementById(id);
	const color = name => getComputedStyle(root).getPropertyValue("--" + name).trim();
	const redraws = [];

	root.classList.add("js");

	/* Figures, as the rest of the page writes them. */
	const time = ns => {
		for (const [unit, size] of [["s", 1e9], ["ms", 1e6], ["us", 1e3]])
			if (ns >= .9995 * size) return (ns / size).toPrecision(3) + " " + unit;
		return ns + " ns";
	};
	const share = x => (x >= .0995 || x <= 0 ? (100 * x).toFixed(0) : (100 * x).toFixed(1)) + " %";

	/* --- tables --- */

	const value = (row, column) => {
		let at = 0;
		for (const cell of row.cells) {
			if (at <= column && column < at + cell.colSpan) {
				if (cell.colSpan > 1) return null;
				if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
				const text = cell.textContent.trim();
				return cell.classList.contains("num") ? parseFloat(text) : text;
			}
			at += cell.colSpan;
		}
		return null;
	};
	/* What has no value stays at the end, whichever way. */
	const compare = (a, b, way) => {
		const none = x => x === null || Number.isNaN(x);
		if (none(a) || none(b)) return none(a) - none(b);
		const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
		return way * order;
	};
	const sortBy = (table, head, column) => {
		const down = head.getAttribute("aria-sort") !== "descending" &&
			(head.classList.contains("num") || head.getAttribute("aria-sort") === "ascending");
		for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
		head.setAttribute("aria-sort", down ? "descending" : "ascending");
		const body = table.tBodies[0];
		const keyed = [...body.rows].map(row => [value(row, column), row]);
		keyed.sort((a, b) => compare(a[0], b[0], down ? -1 : 1));
		body.append(...keyed.map(pair => pair[1]));
	};
	for (const table of document.querySelectorAll("table.sortable")) {
		[...table.tHead.rows[0].cells].forEach((head, column) => {
			if (head.classList.contains("nosort")) return;
			const button = document.createElement("button");
			button.type = "button";
			button.append(...head.childNodes);
			button.addEventListener("click", () => sortBy(table, head, column));
			head.append(button);
		});
	}
	for (const input of document.querySelectorAll("input.filter")) {
		const rows = [...input.closest("details").querySelectorAll("tbody tr")];
		const says = input.closest(".tools").querySelector("output");
		input.addEventListener("input", () => {
			const wanted = input.value.toLowerCase();
			let shown = 0;
			for (const row of rows) {
				row.hidden = !row.textContent.toLowerCase().includes(wanted);
				shown += !row.hidden;
			}
			says.textContent = wanted ? `${shown} of ${rows.length}` : "";
		});
	}

	/* --- charts --- */

	const axis = more => Object.assign({
		stroke: () => color("quiet"), font: "12px " + color("sans"), labelFont: "12px " + color("sans"),
		grid: { stroke: () => color("line"), width: 1 }, ticks: { stroke: () => color("line"), width: 1 },
	}, more);
	const chart = (figure, make) => {
		const area = figure.querySelector(".plot-area");
		const size = () => ({ width: area.clientWidth, height: Math.max(220, Math.min(340, area.clientWidth * .42)) });
		let plot = null;
		const draw = () => {
			if (plot) plot.destroy();
			plot = make(size(), area);
		};
		draw();
		redraws.push(draw);
		new ResizeObserver(() => plot.width !== area.clientWidth && area.clientWidth && plot.setSize(size())).observe(area);
	};
	/* The interval of each point of series s, whose bounds are the two series after it. */
	const whiskers = series => plot => {
		const context = plot.ctx, ratio = devicePixelRatio || 1;
		context.save();
		for (const [s, name] of series) {
			context.strokeStyle = color(name);
			context.lineWidth = 1.5 * ratio;
			context.beginPath();
			plot.data[0].forEach((x, i) => {
				if (plot.data[s][i] == null) return;
				const at = plot.valToPos(x, "x", true), cap = 4 * ratio;
				const low = plot.valToPos(plot.data[s + 1][i], "y", true), high = plot.valToPos(plot.data[s + 2][i], "y", true);
				context.moveTo(at, low); context.lineTo(at, high);
				context.moveTo(at - cap, low); context.lineTo(at + cap, low);
				context.moveTo(at - cap, high); context.lineTo(at + cap, high);
			});
			context.stroke();
		}
		context.restore();
	};
	const bound = { points: { show: false }, width: 0 };
	const times = v => v == null ? "" : +v.toFixed(v < 10 ? 2 : 1) + "x";

	/* What the profile says a model cannot exceed. A bound far above what was measured is in the table only. */
	const boundsBelow = most => data.race.flatMap(m => m.bound && m.bound[1] <= most ? [m.bound[1]] : []);
	const bounds = plot => {
		const context = plot.ctx, ratio = devicePixelRatio || 1, { left, width } = plot.bbox;
		context.save();
		context.lineWidth = 1.5 * ratio;
		context.setLineDash([3 * ratio, 4 * ratio]);
		for (const m of data.race) {
			if (!m.bound || m.bound[1] > plot.scales.y.max) continue;
			const y = plot.valToPos(m.bound[1], "y", true);
			context.strokeStyle = color(m.model);
			context.beginPath();
			context.moveTo(left, y);
			context.lineTo(left + width, y);
			context.stroke();
		}
		context.restore();
	};
	const raceChart = figure => chart(figure, (size, area) => {
		const counts = [...new Set(data.race.flatMap(m => m.points.map(p => p[0])))].sort((a, b) => a - b);
		const series = [{}], columns = [counts], bands = [], marks = [];
		for (const m of data.race) {
			const at = series.length, stroke = () => color(m.model);
			const find = (w, i) => (m.points.find(p => p[0] === w) || [])[i] ?? null;
			series.push({ label: m.model, stroke, width: 2, spanGaps: true,
				points: { show: true, size: 7, fill: stroke } },
				Object.assign({ spanGaps: true }, bound), Object.assign({ spanGaps: true }, bound));
			for (const i of [1, 2, 3]) columns.push(counts.map(w => find(w, i)));
			bands.push({ series: [at + 2, at + 1], fill: () => color(m.model) + "22" });
			marks.push([at, m.model]);
		}
		return new vendor.uPlot(Object.assign({
			series, bands, legend: { show: false }, cursor: { drag: { x: false, y: false } },
			scales: { x: { time: false, distr: 3, log: 2 }, y: { range: (u, min, max) => [0, 1.08 * Math.max(1.2, max, ...boundsBelow(1.5 * max))] } },
			axes: [axis({ label: "workers", splits: () => counts, values: (u, v) => v.map(String), grid: { show: false } }),
				axis({ label: "speedup", values: (u, v) => v.map(times), size: 58 })],
			hooks: { draw: [whiskers(marks), bounds] },
		}, size), columns, area);
	});
	const trendChart = figure => chart(figure, (size, area) => {
		const { runs, series: all } = data.trend, at = runs.map((r, i) => i);
		const series = [{}], columns = [at], marks = [];
		for (const one of all) {
			const stroke = () => color(one.model);
			marks.push([series.length, one.model]);
			series.push({ label: one.model, stroke, width: 1.5, spanGaps: true, points: { show: true, size: 6, fill: stroke } }, bound, bound);
			const of = new Map(one.points.map(p => [p[0], p]));
			for (const i of [1, 2, 3]) columns.push(at.map(run => (of.get(run) || [])[i] ?? null));
		}
		const changes = plot => {
			const context = plot.ctx, ratio = devicePixelRatio || 1;
			context.save();
			context.font = `${12 * ratio}px ${color("sans")}`;
			all.forEach((one, row) => one.changes.forEach(([run, by]) => {
				const x = plot.valToPos(run - .5, "x", true), text = (by > 1 ? "+" : "") + (100 * (by - 1)).toFixed(0) + " %";
				const left = x + context.measureText(text).width + 8 * ratio > plot.bbox.left + plot.bbox.width;
				context.strokeStyle = context.fillStyle = color(one.model);
				context.textAlign = left ? "right" : "left";
				context.setLineDash([4 * ratio, 4 * ratio]);
				context.beginPath();
				context.moveTo(x, plot.bbox.top);
				context.lineTo(x, plot.bbox.top + plot.bbox.height);
				context.stroke();
				context.fillText(text, x + (left ? -5 : 5) * ratio, plot.bbox.top + (14 + 15 * row) * ratio);
			}));
			context.restore();
		};
		const day = i => runs[i] ? new Date(runs[i] * 1000).toISOString().slice(0, 10) : "";
		return new vendor.uPlot(Object.assign({
			series, legend: { show: false }, cursor: { drag: { x: false, y: false } },
			scales: { x: { time: false, range: [-.5, runs.length - .5] }, y: { range: (u, min, max) => [0, max > 0 ? max * 1.15 : 1] } },
			axes: [axis({ splits: () => at.filter(i => i % Math.ceil(runs.length * 90 / (size.width - 74)) === 0),
				values: (u, v) => v.map(day), grid: { show: false } }),
				axis({ values: (u, v) => v.map(ns => time(ns)), size: 74 })],
			hooks: { draw: [whiskers(marks), changes] },
		}, size), columns, area);
	});
	if (byId("chart-race")) data.race.length ? raceChart(byId("chart-race")) : byId("chart-race").remove();
	if (byId("chart-trend")) trendChart(byId("chart-trend"));

	/* --- flame graphs --- */

	const says = byId("flame-says");
	const describe = (node, total) => {
		const d = node.data;
		let text = `${d.n}: ${share(d.v / total)}, ${time(d.v)}`;
		if (d.d !== undefined) text += d.d ? `, ${time(Math.abs(d.d))} ${d.d > 0 ? "more" : "less"} than before` : ", as before";
		return text;
	};
	const fill = node => {
		const d = node.data;
		if (node.highlight) return "var(--ink)";
		if (d.d === undefined) return `var(--${d.k})`;
		const most = Math.max(d.v, d.v - d.d);
		return Math.abs(d.d) <= .05 * most ? "var(--same)" : d.d > 0 ? "var(--worse)" : "var(--better)";
	};
	const graphs = [];

	const makeFlame = (figure, tree) => {
		const drawn = figure.querySelector(".drawn");
		const live = document.createElement("div");
		live.className = "live";
		live.tabIndex = 0;
		live.setAttribute("role", "application");
		live.setAttribute("aria-label", "Flame graph: arrow keys move, Enter zooms, Escape shows all");
		drawn.before(live);
		drawn.hidden = true;
		const wide = node => node.v / tree.v * live.clientWidth > 1.5;
		const depth = node => 1 + Math.max(0, ...(node.c || []).filter(wide).map(depth));
		const graph = vendor.flamegraph().height(depth(tree) * 19 + 2).width(live.clientWidth).cellHeight(19).minFrameSize(1.5).inverted(true)
			.transitionDuration(matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150)
			.sort((a, b) => b.data.v - a.data.v || (a.data.n < b.data.n ? -1 : 1))
			.tooltip(false).setColorMapper(node => `color-mix(in srgb, ${fill(node)} 38%, var(--paper))`);
		const label = node => describe(node, tree.v);
		graph.label(label);
		graph.setDetailsHandler(text => { says.textContent = text || says.dataset.found || ""; });
		graph.setSearchHandler((found, sum) => {
			graph.found = [found.length, sum];
		});
		graph.setSearchMatch((node, term) => node.data.n.toLowerCase().includes(term.toLowerCase()));
		vendor.select(live).datum(tree).call(graph);
		graphs.push({ graph, tree, live });

		/* keyboard: a current frame among those that are drawn */
		let current = null;
		const frames = () => [...live.querySelectorAll("g.frame")];
		const nodeOf = g => g.__data__;
		const show = node => {
			current = node;
			for (const g of frames()) g.classList.toggle("current", nodeOf(g) === node);
			says.textContent = label(node);
		};
		const visible = node => node && !node.data.hide && node.value > 0 ? node : null;
		const beside = (node, step) => {
			if (!node.parent) return null;
			const row = node.parent.children.filter(visible);
			return row[row.indexOf(node) + step] || null;
		};
		live.addEventListener("keydown", event => {
			const top = nodeOf(frames()[0]);
			const node = current || top.ancestors().pop();
			const to = { ArrowUp: () => node.parent, ArrowDown: () => visible((node.children || []).find(visible)),
				ArrowLeft: () => beside(node, -1), ArrowRight: () => beside(node, 1) }[event.key];
			if (to) {
				show(current ? to() || node : node);
			} else if (event.key === "Enter") {
				graph.zoomTo(node);
				show(node);
			} else if (event.key === "Escape") {
				graph.resetZoom();
			} else {
				return;
			}
			event.preventDefault();
		});
		live.addEventListener("blur", () => {
			for (const g of frames()) g.classList.remove("current");
			current = null;
		});
		let width = live.clientWidth;
		new ResizeObserver(() => {
			if (!live.clientWidth || live.clientWidth === width) return;
			width = live.clientWidth;
			graph.width(width).update();
		}).observe(live);
	};
	for (const id of ["off", "on"])
		if (data.flames[id]) makeFlame(byId("flame-" + id), data.flames[id]);
	if (byId("flame-find")) {
		byId("flame-find").addEventListener("input", event => {
			const term = event.target.value.trim();
			let n = 0, sum = 0, total = 0;
			for (const { graph, tree } of graphs) {
				term ? graph.search(term) : graph.clear();
				if (term) { n += graph.found[0]; sum += graph.found[1]; }
				total += tree.v;
			}
			says.dataset.found = term ? `${n} boxes match: ${share(sum / total)}, ${time(sum)}` : "";
			says.textContent = says.dataset.found;
		});
		byId("flame-reset").addEventListener("click", () => {
			byId("flame-find").value = "";
			says.dataset.found = says.textContent = "";
			for (const { graph } of graphs) { graph.clear(); graph.resetZoom(); }
		});
	}

	/* --- the colours follow the window, and paper is light --- */

	const redraw = () => { for (const draw of redraws) draw(); };
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
	addEventListener("beforeprint", () => { root.dataset.paper = ""; redraw(); });
	addEventListener("afterprint", () => { delete root.dataset.paper; redraw(); });
})();
