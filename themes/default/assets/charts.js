/* Makes a drawn chart answer: tooltips, zoom by wheel and drag, a choice in its legend, and a link between its points and the rows of the page's tables.
   Loaded by site.js when a chart comes into view, together with the Vega bundle. Expressions are interpreted (ast), never compiled,
   and Vega's own style elements are switched off, so default-src 'self' is enough; the tooltip's look is in scripts.css. */
(function () {
  "use strict";
  var site = self.reportgen, doc = document;
  var DARK = {
    "#15181c": "#e9ebee", "#434a54": "#b9c0c8", "#5d6570": "#99a1ac", "#7a828d": "#78818c", "#e3e6ea": "#2a3037", "#0072b2": "#6db9ec",
    "#b86e00": "#e8a93c", "#007a5a": "#4fc79b", "#c04a00": "#f2955f", "#cfe3f0": "#1f3b4d", "#ffffff": "#131619", "#8a4f9e": "#c79bd8",
    "#f0f5f9": "#192027", "#dcebf5": "#1c3443", "#bfdaec": "#22495f", "#9cc7e3": "#2b617f"
  };
  function isDark() {
    var theme = doc.documentElement.dataset.theme;
    return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }
  /** The specification for this screen: its colours, and what answers where its author named nothing. Data is left as it is. */
  function forScreen(spec) {
    var copy = JSON.parse(JSON.stringify(spec, function (key, value) {
      return key === "values" || key === "datasets" ? undefined : typeof value === "string" && isDark() ? DARK[value] || value : value;
    }));
    putBack(spec, copy);
    telling(copy);
    movable(copy);
    return copy;
  }
  function putBack(from, into) {
    Object.keys(from).forEach(function (key) {
      if (key === "datasets" || key === "values") into[key] = from[key];
      else if (from[key] && typeof from[key] === "object") putBack(from[key], into[key]);
    });
  }
  function views(spec) {
    var inside = spec.layer || spec.concat || spec.hconcat || spec.vconcat || (spec.spec ? [spec.spec] : null);
    return inside ? inside.flatMap(views) : [spec];
  }
  /** Marks say their values, unless the author chose what is said. */
  function telling(spec) {
    var all = views(spec);
    if ([spec].concat(all).some(function (view) { return view.encoding && view.encoding.tooltip; })) return;
    all.forEach(function (view) { view.mark = Object.assign({ tooltip: true }, typeof view.mark === "object" ? view.mark : { type: view.mark }); });
  }
  /** The plots of a chart that stand beside one another: each is one view, or the layers of one. What is repeated as layers of
      one plot has none: every layer would define what answers again. */
  function plots(spec) {
    var inside = spec.concat || spec.hconcat || spec.vconcat || (spec.spec && !(spec.repeat || {}).layer ? [spec.spec] : null);
    return inside ? inside.flatMap(plots) : spec.spec ? [] : [spec];
  }
  /** Wheel and drag zoom along x, each plot for itself, and the legend chooses: unless the author said what answers. */
  function movable(spec) {
    if (JSON.stringify(spec, function (key, value) { return key === "values" || key === "datasets" ? undefined : value; }).indexOf('"params":') >= 0) return;
    var frames = plots(spec);
    frames.forEach(function (frame, at) {
      var target = views(frame).find(function (part) {
        var x = (part.encoding || {}).x || (frame.encoding || {}).x;
        return x && (x.type === "quantitative" || x.type === "temporal") && !x.bin && !(part.encoding || {}).x2;
      });
      if (target) target.params = [{ name: "zoom" + at, select: { type: "interval", encodings: ["x"] }, bind: "scales" }];
      views(frame).forEach(function (part) { if (typeof part.mark === "object") part.mark.clip = part.mark.type !== "text"; });
    });
    choosable(frames);
  }
  /** A click on a name of the legend leaves the others pale, in every plot; a click beside it brings them back. */
  function choosable(frames) {
    var shown = frames.flatMap(function (frame) {
      return views(frame).map(function (part) {
        var found = ["color", "fill", "stroke", "shape", "strokeDash"].map(function (channel) {
          return (part.encoding || {})[channel] || (frame.encoding || {})[channel] || {};
        }).find(function (it) { return it.field && it.legend !== null && /nominal|ordinal/.test(it.type); });
        return found && { part: part, field: found.field };
      });
    }).filter(Boolean);
    if (!shown.length) return;
    var field = shown[0].field;
    shown[0].part.params = (shown[0].part.params || []).concat({ name: "chosen", select: { type: "point", fields: [field] }, bind: "legend" });
    shown.filter(function (it) { return it.field === field; }).forEach(function (it) {
      var mark = it.part.mark, usual = /point|circle|square|tick/.test(mark.type || mark) ? 0.7 : 1;
      it.part.encoding = Object.assign({ opacity: { condition: { param: "chosen", value: mark.opacity || usual }, value: 0.12 } }, it.part.encoding);
    });
  }

  /** What a tooltip says: names and values as text. Vega's own would load what is called "image" as an image, from anywhere. */
  function told(value, safe) {
    if (value === null || typeof value !== "object") return safe(String(value));
    return "<table>" + Object.keys(value).filter(function (key) { return value[key] !== undefined; }).map(function (key) {
      var part = value[key] !== null && typeof value[key] === "object" ? JSON.stringify(value[key]) : String(value[key]);
      return '<tr><td class="key">' + safe(key) + '</td><td class="value">' + safe(part.slice(0, 500)) + "</td></tr>";
    }).join("") + "</table>";
  }

  /** Put a living chart in the place of a picture; the picture comes back on paper and where the chart fails. */
  site.enliven = function (picture, path) {
    var spec = site.charts[path], place = doc.createElement("div"), inside = doc.createElement("div"), shown = null;
    place.className = "chart " + picture.className;
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", picture.alt);
    place.append(inside);
    inside.setAttribute("aria-hidden", "true");  // its marks say less than the picture's own text
    picture.after(place);

    function draw() {
      return self.vegaEmbed(inside, forScreen(spec), {
        ast: true, actions: false, logLevel: 1, renderer: "svg", defaultStyle: false, tooltip: { disableDefaultStyle: true, formatTooltip: told, theme: isDark() ? "dark" : "light" }
      }).then(function (result) {
        if (shown) shown.finalize();
        shown = result;
        picture.classList.add("asleep");
        link(result.view);
      }).catch(function (error) {
        place.remove();
        picture.classList.remove("asleep");
        throw error;
      });
    }
    function link(view) {
      view.addEventListener("mouseover", function (event, item) { mark(item && item.datum && item.datum.k, true); });
      view.addEventListener("mouseout", function (event, item) { mark(item && item.datum && item.datum.k, false); });
      view.addEventListener("click", function (event, item) {
        var row = item && item.datum && rowOf(item.datum.k), to = row && row.querySelector("a[href]");
        if (to) location.href = to.href;
      });
    }
    doc.addEventListener("reportgen:theme", draw);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    return draw();
  };
  /** A series of several runs on one plot: the look of `template`, the lines of {name, points, reference}; the reference is dashed. */
  site.overlay = function (template, title, lines) {
    var spec = JSON.parse(JSON.stringify(template)), named = spec.datasets.names, sets = { champion: [], other: [], single: [], names: [] };
    var xs = lines.flatMap(function (line) { return line.points.map(function (p) { return p[0]; }); });
    var ys = lines.flatMap(function (line) { return line.points.map(function (p) { return p[1]; }); });
    var x = ends(xs), y = ends(ys), air = (y[1] - y[0]) * 0.06 || Math.abs(y[0]) * 0.1 || 1, others = 0;
    y = [y[0] - air, y[1] + air];
    lines.forEach(function (line) {
      var colour = line.reference ? named[0].c : named[1 + others++ % 5].c, kind = line.points.length < 2 ? "single" : line.reference ? "champion" : "other";
      line.points.forEach(function (p) { sets[kind].push({ x: p[0], y: p[1], n: line.name, c: colour }); });
      var last = line.points[line.points.length - 1];
      sets.names.push({ x: last[0], y: last[1], n: line.name, c: colour });
    });
    // names stand where lines end, moved apart where they would meet
    var gap = (y[1] - y[0]) * 15 / spec.height, floor = -Infinity;
    sets.names = sets.names.slice(0, 6).sort(function (a, b) { return a.y - b.y; });
    sets.names.forEach(function (name) { name.y = floor = Math.max(name.y, floor); floor += gap; });
    var ceiling = Math.max(y[1], y[0] + gap * (sets.names.length - 1));
    sets.names.slice().reverse().forEach(function (name) { name.y = Math.min(name.y, ceiling); ceiling = name.y - gap; });
    spec.layer = spec.layer.filter(function (layer) { return (sets[layer.data.name] || []).length; });
    spec.datasets = sets;
    spec.layer.forEach(function (layer) {
      layer.encoding.x.scale.domain = x[0] < x[1] ? x : [x[0] - 1, x[0] + 1];
      layer.encoding.y.scale.domain = y;
      layer.encoding.y.title = layer.encoding.y.axis.title = title;
    });
    return spec;
  };
  function ends(values) { return values.reduce(function (found, v) { return [Math.min(found[0], v), Math.max(found[1], v)]; }, [Infinity, -Infinity]); }
  function rowOf(key) { return key ? doc.querySelector('tr[data-key="' + self.CSS.escape(key) + '"]') : null; }
  function mark(key, on) {
    var row = rowOf(key);
    if (row) row.classList.toggle("lit", on);
  }
})();
