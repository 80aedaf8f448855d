/* What scripts add to a finished page: the theme switch, facts that came after the page, sorting, filtering and choosing columns,
   long tables, runs to compare, search, and charts that answer. Classic script, no modules, no fetch, no eval: it runs from a double-click and
   under default-src 'self'. Shapes of the data scripts and the data-* hooks: docs/reference/data-scripts.md. */
(function () {
  "use strict";
  var doc = document, body = doc.body, own = doc.currentScript || doc.querySelector("script[data-style]");
  var root = new URL(body.dataset.root || "./", location.href);
  var site = self.reportgen = self.reportgen || {};

  // ---- small tools ----------------------------------------------------------------------------------------------------------

  /** Make an element: el("a", {href: "x", class: "y"}, child, "text"). Text is always text, never markup. */
  function el(tag, attributes) {
    var node = doc.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) {
      var value = attributes[name];
      if (typeof value === "function") node.addEventListener(name, value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value != null) node.setAttribute(name, value);
    });
    node.append.apply(node, Array.prototype.slice.call(arguments, 2).flat(2).filter(function (x) { return x != null && x !== false; }));
    return node;
  }
  function all(selector, inside) { return Array.prototype.slice.call((inside || doc).querySelectorAll(selector)); }
  function plural(n, word) { return n.toLocaleString("en") + " " + word + (n === 1 ? "" : "s"); }

  var loading = {};
  /** Load a classic script once; the address is relative to the page. */
  site.load = function (address) {
    var url = new URL(address, location.href).href;
    return loading[url] = loading[url] || new Promise(function (done, failed) {
      doc.head.append(el("script", { src: url, load: done, error: function () { failed(new Error("cannot load " + address)); } }));
    });
  };
  /** Path of a page within the version, from any link; null if it leads elsewhere. */
  function pathOf(href) {
    var url = new URL(href, location.href);
    return url.protocol === root.protocol && url.host === root.host && url.pathname.indexOf(root.pathname) === 0
      ? decodeURIComponent(url.pathname.slice(root.pathname.length)) : null;
  }
  function to(path) { return new URL(path.split("/").map(encodeURIComponent).join("/"), root).href; }
  var RUN = /^jobs\/(.+\/\d+(?:~\d+)?(?:\/[^/]+)?)\/index\.html$/;
  function runOf(href) { var found = RUN.exec(pathOf(href) || ""); return found && found[1]; }

  /** Storage that may be switched off. */
  function recall(store, key) { try { return self[store].getItem("reportgen." + key); } catch (e) { return null; } }
  function keep(store, key, value) { try { self[store].setItem("reportgen." + key, value); } catch (e) { /* not allowed here */ } }

  /** The view in the address: #name=value&…; an anchor such as #metrics is left alone. */
  var view = new URLSearchParams(location.hash.indexOf("=") > 0 ? location.hash.slice(1) : "");
  function setView(name, value) {
    if (value) view.set(name, value); else view.delete(name);
    var text = view.toString().replace(/%2F/g, "/").replace(/%2C/g, ",");
    try { history.replaceState(null, "", text ? "#" + text : location.pathname + location.search); } catch (e) { if (text) location.replace("#" + text); }
  }
  self.addEventListener("hashchange", function () { if (location.hash.indexOf("=") > 0) location.reload(); });

  // ---- theme ----------------------------------------------------------------------------------------------------------------

  var THEMES = ["auto", "light", "dark"];
  function setTheme(name) {
    if (name === "auto") delete doc.documentElement.dataset.theme; else doc.documentElement.dataset.theme = name;
    doc.dispatchEvent(new Event("reportgen:theme"));
  }
  function startTheme() {
    var now = THEMES.indexOf(recall("localStorage", "theme")), place = doc.querySelector(".top .aside");
    if (now > 0) setTheme(THEMES[now]); else now = 0;
    if (!place) return;
    var button = el("button", { type: "button", class: "quiet", click: function () {
      now = (now + 1) % 3;
      keep("localStorage", "theme", THEMES[now]);
      setTheme(THEMES[now]);
      button.lastChild.textContent = THEMES[now];
    } }, el("span", { class: "word" }, "Theme: "), el("span", {}, THEMES[now]));
    place.append(button);
  }

  // ---- facts that came after the page ---------------------------------------------------------------------------------------

  function startLive() {
    var live = site.live;
    if (!live) return;
    all("[data-live=as-of]").forEach(function (place) {
      if (!live.as_of || place.textContent.trim()) return;
      place.append("Data as of ", el("time", { datetime: live.as_of }, live.as_of.slice(0, 16).replace("T", " ")), " UTC");
    });
    var run = runOf(location.href), newest = run && new Map(live.newest).get(run.replace(/\/\d+(~\d+)?(\/[^/]+)?$/, ""));
    all("[data-live=newest]").forEach(function (place) {
      if (newest && newest !== pathOf(location.href)) {
        place.append(el("a", { href: to(newest) }, "Newest: #" + /\/(\d+)(~\d+)?\/(?:[^/]+\/)?index\.html$/.exec(newest)[1]));
      }
    });
  }

  // ---- tables ---------------------------------------------------------------------------------------------------------------

  var LAST = Infinity;
  /** What a cell is sorted by: a number, or text in lower case; LAST for what is missing, whichever way is sorted. */
  function sortKey(text, kind) {
    text = String(text).trim();
    if (text === "" || text === "–") return LAST;
    if (kind === "text") return text.toLowerCase();
    if (kind === "time" && /^\d{4}-/.test(text)) return text;
    var number = parseFloat(text.replace(/−/g, "-").replace(/[,\u2009\u00a0]/g, ""));
    return isNaN(number) ? LAST : number;
  }
  /** The places in `order` by their keys, equal ones as they were; numbers before text, what is missing last. */
  function sorted(order, keys, down) {
    var numbers = order.every(function (at) { return typeof keys[at] === "number"; });
    if (numbers) {
      var signed = Float64Array.from(keys, function (key) { return down && key !== LAST ? -key : key; });
      return order.sort(function (a, b) { return signed[a] < signed[b] ? -1 : signed[a] > signed[b] ? 1 : 0; });
    }
    return order.sort(function (a, b) {
      var x = keys[a], y = keys[b];
      if (x === y) return 0;
      if (x === LAST || y === LAST) return x === LAST ? 1 : -1;
      if (typeof x !== typeof y) return typeof x === "number" ? -1 : 1;
      return (x < y) === !down ? -1 : 1;
    });
  }

  /** Rows that stand in the page. */
  function PageRows(table) {
    this.body = table.tBodies[0];
    this.rows = Array.prototype.slice.call(this.body.rows);
    this.items = this.rows.filter(function (row) { return !row.classList.contains("part"); });
    this.texts = null;
  }
  PageRows.prototype = {
    keys: function (column, kind) {
      return this.items.map(function (row) {
        var cell = row.cells[column];
        return !cell || cell.colSpan > 1 ? LAST : sortKey(cell.dataset.value || cell.innerText || cell.textContent, kind);
      });
    },
    has: function (at, words) {
      this.texts = this.texts || this.items.map(function (row) { return row.textContent.toLowerCase(); });
      var text = this.texts[at];
      return words.every(function (word) { return text.indexOf(word) >= 0; });
    },
    /** Show the items at `order`; with their own order, headings inside the table come back. */
    show: function (order, natural) {
      var items = this.items, shown = new Set(order);
      if (natural) {
        this.rows.forEach(function (row) { row.hidden = false; });
        items.forEach(function (row, at) { row.hidden = !shown.has(at); });
        this.body.replaceChildren.apply(this.body, this.rows);
      } else {
        order.forEach(function (at) { items[at].hidden = false; });
        this.body.replaceChildren.apply(this.body, order.map(function (at) { return items[at]; }));
      }
    },
    hide: function (column, hidden) {
      this.rows.forEach(function (row) {
        if (!row.classList.contains("part") && row.cells[column]) row.cells[column].hidden = hidden;
      });
    }
  };

  /** Take back what a caption and the note below say of rows left out: here they all are. */
  function allShown(table) {
    Array.prototype.forEach.call(table.caption.childNodes, function (node) {
      if (node.nodeType === 3) node.textContent = node.textContent.replace(/, the first [\d,]+ shown/, "");
    });
    var note = table.closest(".scroll").nextElementSibling;
    if (note && note.matches(".note.after")) note.hidden = true;
  }

  /** Rows of a data script, of which at most 160 are in the page: those in sight and some around them. */
  function DataRows(table, data) {
    this.table = table;
    this.body = table.tBodies[0];
    this.columns = data.columns;
    this.items = data.rows;
    this.order = [];
    this.hidden = {};
    this.texts = null;
    this.known = {};
    table.setAttribute("aria-rowcount", data.rows.length + 1);
    if (table.caption) allShown(table);
    this.plotWidth = (this.body.querySelector("svg.pl") || { getAttribute: function () { return 220; } }).getAttribute("width");
    this.height = this.body.rows.length ? this.body.getBoundingClientRect().height / this.body.rows.length : 34;
    var drawn = this, waiting = false;
    function later() {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(function () { waiting = false; drawn.draw(); });
    }
    self.addEventListener("scroll", later, { passive: true });
    self.addEventListener("resize", later);
  }
  /** A cell of a data script is a text, a number, [text, sort value, page, classes], or an object with more to it. */
  function parts(cell) {
    if (Array.isArray(cell)) return { text: cell[0], sort: cell[1], page: cell[2], kind: cell[3] };
    return cell !== null && typeof cell === "object" ? cell : { text: cell == null ? "–" : cell };
  }
  function cellText(cell) { cell = parts(cell); return cell.plot ? "" : cell.text; }
  var SVG = "http://www.w3.org/2000/svg";
  /** The plot of a row: dot, low, high, band, band width, reference line, nought, ring, drawn in accent. */
  function plot(p, width) {
    var svg = doc.createElementNS(SVG, "svg");
    function add(tag, attributes) {
      var node = doc.createElementNS(SVG, tag);
      Object.keys(attributes).forEach(function (name) { node.setAttribute(name, attributes[name]); });
      svg.append(node);
    }
    Object.entries({ class: "pl" + (p[8] ? " me" : ""), width: width, height: 34, "aria-hidden": "true" }).forEach(function (a) { svg.setAttribute(a[0], a[1]); });
    if (p[3]) add("rect", { class: "b", x: p[3], width: p[4] });
    if (p[6]) add("rect", { class: "z", x: p[6] });
    if (p[5]) add("line", { class: "r", x1: p[5], x2: p[5], y2: "100%" });
    if (p[7]) add("circle", { class: "o3", cx: p[7] });
    if (p[1]) add("line", { class: "w", x1: p[1], x2: p[2] });
    if (p[0]) add("circle", { class: "o", cx: p[0] });
    return svg;
  }
  function content(cell, width) {
    var text = String(cell.text);
    if (cell.plot) return [plot(cell.plot, width)];
    return [
      cell.rank ? el("span", { class: "rank" }, cell.rank) : null,
      cell.page ? el("a", { href: to(cell.page) }, text) : cell.mark ? el(cell.mark === "b" ? "b" : "span", { class: cell.mark }, text, cell.word ? el("span", { class: "sr" }, " " + cell.word) : null) : text,
      (cell.tags || []).map(function (tag) { return [" ", el("span", { class: tag === "champion" ? "tag key" : "tag" }, tag)]; }).flat(),
      cell.words ? [el("br"), el("span", { class: "note" }, cell.words)] : null
    ].flat();
  }
  DataRows.prototype = {
    keys: function (column, kind) {
      return this.known[column] = this.known[column] || this.items.map(function (row) {
        var cell = parts(row[column]), value = cell.sort != null && cell.sort !== "" ? cell.sort : cellText(cell);
        return typeof value === "number" ? value : sortKey(value, kind);
      });
    },
    has: function (at, words) {
      this.texts = this.texts || this.items.map(function (row) { return row.map(cellText).join("\n").toLowerCase(); });
      var text = this.texts[at];
      return words.every(function (word) { return text.indexOf(word) >= 0; });
    },
    show: function (order) { this.order = order; this.first = -1; this.draw(); },
    hide: function (column, hidden) { this.hidden[column] = hidden; this.first = -1; if (this.order.length) this.draw(); },
    draw: function () {
      var count = this.order.length, height = this.height;
      var above = -this.body.getBoundingClientRect().top;
      var sight = Math.min(120, Math.ceil(innerHeight / height)), first = Math.max(0, Math.min(count - sight - 20, Math.floor(above / height) - 20));
      var last = Math.min(count, first + sight + 40);
      if (this.first >= 0 && (first === this.first || (Math.abs(first - this.first) < 10 && first > 0 && last < count))) return;
      this.first = first;
      var rows = [this.gap(first * height)];
      for (var i = first; i < last; i++) rows.push(this.row(this.order[i], i));
      rows.push(this.gap((count - last) * height));
      this.body.replaceChildren.apply(this.body, rows);
      marksIn(this.body);
    },
    gap: function (height) {
      var row = el("tr", { "aria-hidden": "true", class: "gap" }, el("td", { colspan: this.columns.length }));
      row.style.height = row.firstChild.style.height = height + "px";
      row.hidden = height <= 0;
      return row;
    },
    row: function (at, place) {
      var drawn = this, item = this.items[at];
      var lead = parts(item[0]);
      return el("tr", { "aria-rowindex": place + 2, "data-key": lead.key, class: lead.me ? "me" : null }, this.columns.map(function (column, c) {
        var cell = parts(item[c]);
        var attributes = { class: cell.kind || column[2] || (column[1] === "num" ? "num" : null), hidden: !!drawn.hidden[c] };
        if (c === 0) attributes.scope = "row";
        return el(c === 0 ? "th" : "td", attributes, content(cell, drawn.plotWidth));
      }));
    }
  };

  /** A table with its view: which column it is sorted by, what it is filtered for, which columns are left out. */
  function enhance(table, number, rows) {
    var heads = Array.prototype.slice.call(table.tHead.rows[table.tHead.rows.length - 1].cells);
    var given = heads.map(function (head) { return head.getAttribute("aria-sort"); });
    var name = "t" + (number || ""), count = rows.items.length;
    var state = { sort: -1, down: false, words: [], hidden: {} }, known = {};
    var status = el("span", { class: "count", role: "status" });
    var fold = table.closest(".scroll").nextElementSibling;
    if (!fold || !fold.matches("details.fold")) fold = null;

    function apply() {
      var order = [], kind = state.sort >= 0 ? heads[state.sort].dataset.sort : "";
      var tests = state.words.map(condition), words = state.words.filter(function (word, i) { return !tests[i]; });
      tests = tests.filter(Boolean);
      for (var at = 0; at < count; at++) {
        if ((!words.length || rows.has(at, words)) && tests.every(function (test) { return test(at); })) order.push(at);
      }
      if (fold) fold.hidden = state.words.length > 0;  // what is found is shown, however far down it stood
      rows.show(kind ? sorted(order, rows.keys(state.sort, kind), state.down) : order, !kind);
      status.textContent = state.words.length ? order.length.toLocaleString("en") + " of " + plural(count, "row") : "";
      heads.forEach(function (head, at) {
        if (!head.dataset.sort) return;
        var now = state.sort < 0 ? given[at] : at === state.sort ? (state.down ? "descending" : "ascending") : null;
        if (now) head.setAttribute("aria-sort", now); else head.removeAttribute("aria-sort");
      });
    }
    /** What "f1>0.95" asks of a row; null for a word that names no column so. What is missing is neither more nor less. */
    function condition(word) {
      var said = /^([^<>]+)([<>])(=?)([^<>]*)$/.exec(word), column = said ? heads.findIndex(function (head) {
        return head.textContent.toLowerCase().replace(/\s+/g, "").indexOf(said[1]) === 0;
      }) : -1;
      if (column < 0) return null;
      var keys = known[column] = known[column] || rows.keys(column, heads[column].dataset.sort || "num");
      return function (at) {
        var key = keys[at], limit = typeof key === "number" ? parseFloat(said[4].replace("−", "-")) : said[4];
        return !said[4] || (key !== LAST && ((said[3] && key === limit) || (said[2] === ">" ? key > limit : key < limit)));
      };
    }
    function remember() {
      setView(name + ".sort", state.sort >= 0 ? state.sort + (state.down ? "d" : "") : "");
      setView(name + ".find", state.words.join(" "));
      setView(name + ".hide", Object.keys(state.hidden).join(","));
    }
    function sortBy(at) {
      var numeric = heads[at].dataset.sort !== "text";
      if (state.sort !== at) { state.sort = at; state.down = numeric; }
      else if (state.down === numeric) state.down = !state.down;
      else state.sort = -1;
      apply(); remember();
    }
    function hide(at, hidden) {
      if (hidden) state.hidden[at] = true; else delete state.hidden[at];
      heads[at].hidden = hidden;
      rows.hide(at, hidden);
    }

    heads.forEach(function (head, at) {
      if (!head.dataset.sort) return;
      var link = head.querySelector("a");
      var button = el("button", { type: "button", class: "sort", click: function () { sortBy(at); } });
      button.append.apply(button, Array.prototype.slice.call((link || head).childNodes));
      if (link) link.remove();
      head.prepend(button);
    });
    if (count > 11) table.closest(".scroll").before(tools());
    if (fold) {
      fold.open = fold.open || view.has(name + ".all");
      // At the click: the toggle event comes a task later, and a reload may come before it.
      fold.querySelector("summary").addEventListener("click", function () { setView(name + ".all", fold.open ? "" : "1"); });
    }

    function words(text) { return text.toLowerCase().replace(/\s*([<>]=?)\s*/g, "$1").split(/\s+/).filter(Boolean); }
    function tools() {
      var number = heads.find(function (head, at) { return at && head.dataset.sort === "num"; });
      var find = el("input", { type: "search", placeholder: "Filter rows" + (number ? ", " + number.textContent.trim().split(/[\s,]/)[0].toLowerCase() + " > …" : ""), "aria-label": "Filter the rows of this table", input: function () {
        state.words = words(find.value);
        apply(); remember();
      } });
      var fromView = view.get(name + ".find");
      if (fromView) { find.value = fromView; state.words = words(fromView); }
      var choosable = heads.map(function (head, at) { return at; }).filter(function (at) { return at > 0 && heads[at].textContent.trim(); });
      return el("div", { class: "tools" }, find, status, choosable.length < 4 ? null : el("details", { class: "columns" },
        el("summary", {}, "Columns"),
        el("fieldset", {}, el("legend", { class: "sr" }, "Columns to show"), choosable.map(function (at) {
          var box = el("input", { type: "checkbox", checked: true, change: function () { hide(at, !box.checked); remember(); } });
          if ((view.get(name + ".hide") || "").split(",").indexOf(String(at)) >= 0) { box.checked = false; hide(at, true); }
          return el("label", {}, box, " ", heads[at].innerText.trim().replace(/\s+/g, " ") || "column " + (at + 1));
        }))));
    }

    var place = /^(\d+)(d?)$/.exec(view.get(name + ".sort") || "");
    if (place && heads[place[1]] && heads[place[1]].dataset.sort) { state.sort = +place[1]; state.down = place[2] === "d"; }
    if (state.sort >= 0 || state.words.length || rows instanceof DataRows) apply();
  }

  function startTables() {
    all("table[data-table]").forEach(function (table, number) {
      if (!table.tHead || !table.tBodies.length) return;
      if (!table.dataset.rows) { if (table.tBodies[0].rows.length > 1) enhance(table, number, new PageRows(table)); return; }
      site.load(table.dataset.rows).then(function () {
        enhance(table, number, new DataRows(table, site.tables[pathOf(new URL(table.dataset.rows, location.href).href)]));
      }).catch(function () { enhance(table, number, new PageRows(table)); });
    });
  }

  // ---- runs to compare ------------------------------------------------------------------------------------------------------

  var MOST = 20, chosen = [], tray = null;
  function startChoosing() {
    if (body.dataset.page === "compare") return;
    try { chosen = JSON.parse(recall("sessionStorage", "chosen")) || []; } catch (e) { chosen = []; }
    all("table[data-table] tbody").forEach(marksIn);
    showTray();
  }
  /** Put a box before the run a row is about, or the two it lies between: the links in its first cell. */
  function marksIn(inside) {
    if (body.dataset.page === "compare") return;
    all("tr > :first-child", inside).forEach(function (cell) {
      var links = all("a[href]", cell).filter(function (link) { return runOf(link.href) && !link.closest("details"); });
      var runs = links.map(function (link) { return runOf(link.href); });
      if (!runs.length || cell.querySelector("input.pick") || !cell.closest("table[data-table]")) return;
      var box = el("input", { type: "checkbox", class: "pick", "aria-label": "Compare " + runs.join(" and "), change: function () {
        chosen = chosen.filter(function (other) { return runs.indexOf(other) < 0; });
        if (box.checked && chosen.length + runs.length <= MOST) chosen = chosen.concat(runs); else box.checked = false;
        keep("sessionStorage", "chosen", JSON.stringify(chosen));
        showTray();
      } });
      box.checked = runs.every(function (run) { return chosen.indexOf(run) >= 0; });
      links[0].before(box);
    });
  }
  function showTray() {
    if (tray) tray.remove();
    tray = null;
    if (!chosen.length) return;
    tray = el("div", { class: "tray", role: "region", "aria-label": "Runs to compare" },
      el("span", {}, plural(chosen.length, "run") + " chosen" + (chosen.length === MOST ? ", no more fit" : "")),
      chosen.length > 1
        ? el("a", { href: to("compare/index.html") + "#runs=" + chosen.map(encodeURIComponent).join(",").replace(/%2F/g, "/") }, "Compare")
        : el("span", { class: "mut" }, "choose another to compare"),
      el("button", { type: "button", class: "quiet", click: function () {
        chosen = [];
        keep("sessionStorage", "chosen", "[]");
        all("input.pick").forEach(function (box) { box.checked = false; });
        showTray();
      } }, "Clear"));
    body.append(tray);
  }

  // ---- numbers as the pages write them --------------------------------------------------------------------------------------

  /** Write a number in a format such as ".3f", ",.0f", ".1%"; with `sign`, as a difference. */
  function write(value, format, sign) {
    if (typeof value !== "number") return value == null ? "–" : String(value);
    var parts = /^(,?)(?:\.(\d+))?([f%gd]?)$/.exec(format || "") || [], digits = parts[2] === undefined ? null : +parts[2], text;
    if (parts[3] === "%") text = (value * 100).toFixed(digits || 0) + "%";
    else if (digits !== null && parts[3] !== "g") text = value.toFixed(digits);
    else if (Number.isInteger(value)) text = String(value);
    else text = String(+value.toPrecision(digits || 4));
    if (parts[1]) text = text.replace(/^(-?\d+)/, function (whole) { return (+whole).toLocaleString("en"); });
    if (sign && !/[1-9]/.test(text)) return text.replace("-", "");
    return (sign && value > 0 ? "+" : "") + text.replace("-", "−");
  }
  /** Whether two values with intervals can be told apart: the interval of their difference (square-and-add) leaves out nought. */
  function apart(a, b) {
    if ([a[0], a[1], a[2], b[0], b[1], b[2]].some(function (x) { return typeof x !== "number"; })) return null;
    var d = b[0] - a[0];
    return d - Math.hypot(b[0] - b[1], a[2] - a[0]) > 0 || d + Math.hypot(b[2] - b[0], a[0] - a[1]) < 0;
  }

  // ---- compare any runs -----------------------------------------------------------------------------------------------------

  function partOf(run) {
    var found = /^(.+)\/(\d+)(?:~\d+)?(?:\/[^/]+)?$/.exec(run);
    return found && "data/compare/" + found[1] + "/" + Math.floor(found[2] / 500) + ".js";
  }
  function startCompare() {
    var place = doc.querySelector("[data-compare]"), wanted = (view.get("runs") || "").split(",").filter(Boolean).slice(0, MOST);
    if (!place || body.dataset.page !== "compare" || !wanted.length) return;
    var parts = wanted.map(partOf).filter(Boolean).filter(function (part, at, list) { return list.indexOf(part) === at; });
    Promise.all(parts.map(function (part) { return site.load(to(part)).catch(function () { return null; }); })).then(function () {
      var shapes = new Map(), runs = [], missing = [];
      wanted.forEach(function (key) {
        var part = (site.parts || {})[partOf(key)], run = part && part.runs[key];
        if (!run) { missing.push(key); return; }
        part.metrics.forEach(function (metric) { shapes.set(metric[0], metric[1]); });
        runs.push(Object.assign({ key: key, full: run.title }, run, { params: new Map(run.params), metrics: new Map(run.metrics) }));
      });
      var job = function (run) { return run.title.split("#")[0]; };
      if (runs.every(function (run) { return job(run) === job(runs[0]); })) {
        runs.forEach(function (run) { run.title = run.title.slice(job(run).length); });
      }
      place.replaceChildren.apply(place, compared(runs, shapes, missing));
      overlaid(place, runs, shapes);
    });
  }
  var GROUPS = { higher: ["Quality", ", higher is better"], lower: ["Error and cost", ", lower is better"], none: ["Other", ", no direction is known"] };
  function others(runs, key) { return runs.map(function (run) { return run.key; }).filter(function (other) { return other !== key; }); }
  function compared(runs, shapes, missing) {
    var result = [el("h2", {}, "Chosen runs")];
    if (missing.length) result.push(el("p", { class: "notice warn" }, el("b", {}, "Not in this version: "), missing.join(", ") + "."));
    if (runs.length < 2) return result.concat(el("p", { class: "empty" }, "Choose two to twenty runs in any table of runs, then Compare."));
    var set = function (run) { return (run.datasets.validation || run.datasets.val || [])[1]; };
    var same = runs.every(function (run) { return set(run) && set(run) === set(runs[0]); });
    result.push(el("p", { class: "note" }, "Differences are to " + runs[0].title + ". " + (same ? "All on the same validation set."
      : "Not all on the same known validation set: no difference is judged.")));
    var names = function (field) { return Array.from(new Set(runs.map(function (run) { return Array.from(run[field].keys()); }).flat())).sort(); };
    var metrics = names("metrics").map(function (name) {
      var shape = shapes.get(name) || [name], base = runs[0].metrics.get(name);
      var made = row(shape[0] + (shape[3] ? ", " + shape[3] : ""), name, runs.map(function (run) { return metricCell(run.metrics.get(name), base, run === runs[0], shape, same); }),
        runs.map(function (run) { return (run.metrics.get(name) || [])[0]; }));
      return Object.assign(made, { group: GROUPS[shape[2]] ? shape[2] : "none" });
    });
    metrics = Object.keys(GROUPS).flatMap(function (group) { return metrics.filter(function (made) { return made.group === group; }); });
    var params = names("params").map(function (name) {
      return row(name, name, runs.map(function (run) { return el("td", { class: "num" }, run.params.has(name) ? String(run.params.get(name)) : el("span", { class: "why" }, "not set")); }),
        runs.map(function (run) { return run.params.get(name); }));
    });
    var facts = [["Result", "result"], ["Date", "date"], ["Commit", "commit"], ["Duration, s", "duration"]].map(function (fact) {
      var values = runs.map(function (run) { var value = run[fact[1]]; return fact[1] === "commit" ? String(value || "–").slice(0, 10) : write(value, ".0f"); });
      return row(fact[0], "", values.map(function (value) { return el("td", { class: "num" }, value); }), values);
    });
    facts.push(row("Validation set", "", runs.map(function (run) {
      var data = run.datasets.validation || run.datasets.val;
      return el("td", { class: "num" }, data ? data[0] + " " + data[1] : "–");
    }), runs.map(set)));
    var command = runs.map(function (run) { return /^[\w./#~+-]+$/.test(run.full) ? run.full : "'" + run.full.replace(/'/g, "'\\''") + "'"; });
    return result.concat(block("Metrics", runs, metrics), block("Params", runs, params), block("Facts", runs, facts),
      el("p", { class: "note after" }, "As CSV, or with --json as JSON: ", el("code", {}, "reportgen compare " + command.join(" ") + " --csv")));
  }
  /** The series that at least two of the runs logged, a line per run. */
  function overlaid(place, runs, shapes) {
    var drawn = runs.filter(function (run) { return run.series; }), template = place.dataset.overlay;
    if (drawn.length < 2 || !template || !own || !own.dataset.vega) return;
    Promise.all(drawn.map(function (run) { return site.load(to(run.series)).catch(function () { return null; }); })).then(function () {
      var found = new Map();
      drawn.forEach(function (run) {
        ((site.series || {})[run.series] || { series: [] }).series.forEach(function (one) {
          found.set(one[0], (found.get(one[0]) || []).concat({ name: run.title, points: one[1], reference: run === runs[0] }));
        });
      });
      var plots = Array.from(found).filter(function (one) { return one[1].length > 1; }).sort().slice(0, 12).map(function (one) {
        var shape = shapes.get(one[0]) || [one[0]], lines = one[1], picture = el("span");
        var without = runs.filter(function (run) { return !lines.some(function (line) { return line.name === run.title; }); });
        var words = [one[0] === shape[0] ? "" : one[0], lines[0].reference ? "dashed " + runs[0].title : "",
          without.length ? "not logged by " + without.map(function (run) { return run.title; }).join(", ") : "", lines.length > 6 ? "point at a line for its run" : ""];
        picture.alt = shape[0] + " over step: " + lines.map(function (line) { return line.name + " ends at " + write(line.points[line.points.length - 1][1], shape[1]); }).join(", ");
        var title = shape[0] + (shape[3] ? ", " + shape[3] : "") + (shape[2] === "higher" || shape[2] === "lower" ? ", " + shape[2] + " is better" : "");
        return { title: title, lines: lines, picture: picture,
          figure: el("figure", {}, el("figcaption", {}, el("h3", {}, shape[0]), words.filter(Boolean).join("; ") + "."), picture) };
      });
      if (!plots.length) return;
      var section = el("section", {}, el("h2", {}, "Series"), el("div", { class: "figs" }, plots.map(function (plot) { return plot.figure; })));
      place.append(section);
      onceSeen([section], function () {
        Promise.all([own.dataset.vega, own.dataset.charts, template].map(site.load)).then(function () {
          var spec = site.charts[pathOf(new URL(template, location.href).href)];
          plots.forEach(function (plot, at) {
            site.charts["series " + at] = site.overlay(spec, plot.title, plot.lines);
            site.enliven(plot.picture, "series " + at);
          });
        }).catch(function () { section.remove(); });
      });
    });
  }
  function row(label, name, cells, values) {
    var first = JSON.stringify(values[0]);
    return { same: values.every(function (value) { return JSON.stringify(value) === first; }),
      row: el("tr", {}, el("th", { scope: "row", title: name || null }, label), cells) };
  }
  function metricCell(metric, base, isBase, shape, same) {
    if (!metric || typeof metric[0] !== "number") return el("td", { class: "num why" }, metric && metric[0] != null ? "not finite" : "not logged");
    var cell = el("td", { class: "num" }, el("b", {}, write(metric[0], shape[1])));
    if (typeof metric[1] === "number") cell.append(" ", el("span", { class: "ci" }, write(metric[1], shape[1]) + "–" + write(metric[2], shape[1])));
    if (isBase || !base || typeof base[0] !== "number") return cell;
    var d = metric[0] - base[0], better = shape[2] === "higher" ? d > 0 : shape[2] === "lower" ? d < 0 : null;
    var judged = same && better !== null && apart(base, metric);
    cell.append(el("br"), el("span", { class: "d" + (judged ? better ? " up" : " dn" : "") }, write(d, shape[1], true),
      judged ? el("span", { class: "sr" }, better ? " better" : " worse") : null));
    return cell;
  }
  function block(heading, runs, rows) {
    var differ = rows.filter(function (r) { return !r.same; }), equal = rows.filter(function (r) { return r.same; });
    if (!rows.length) return [];
    return [el("section", {}, el("h2", {}, heading),
      differ.length ? grid(heading + " that differ", runs, differ) : el("p", { class: "mut" }, "No difference."),
      equal.length ? el("details", {}, el("summary", {}, plural(equal.length, "row") + " the same"), grid(heading + " that are the same", runs, equal)) : null)];
  }
  function grid(caption, runs, rows) {
    return el("div", { class: "scroll over", tabindex: "0", role: "group", "aria-label": caption }, el("table", { class: "compared" },
      el("caption", {}, caption),
      el("thead", {}, el("tr", {}, el("td"), runs.map(function (run, at) {
        var leave = runs.length < 3 ? null : el("button", { type: "button", class: "quiet", "aria-label": "Leave out " + run.title, click: function () {
          setView("runs", others(runs, run.key).join(","));
          startCompare();
        } }, "×");
        return el("th", { scope: "col", class: "num" }, leave, el("a", { href: to(run.page) }, run.title), el("small", {}, at ? run.date : run.date + ", reference"));
      }))), el("tbody", {}, rows.map(function (r, at) {
        var words = r.group && (!at || rows[at - 1].group !== r.group) ? GROUPS[r.group] : null;
        return [words && el("tr", { class: "part" }, el("td", { colspan: runs.length + 1 }, el("b", {}, words[0]), words[1])), r.row];
      }))));
  }

  // ---- search ---------------------------------------------------------------------------------------------------------------

  var KINDS = ["job", "leaderboard", "pipeline", "page", "run", "metric", "param", "dataset", "model"];
  function search(query) {
    var words = query.toLowerCase().split(/\s+/).filter(Boolean), found = [];
    if (!words.length) return found;
    site.search.docs.forEach(function (item, at) {
      var text = item.text = item.text || (item[1] + " " + item[3] + " " + item[4]).toLowerCase(), title = item[1].toLowerCase(), score = 0;
      var hit = words.every(function (word) {
        var place = text.indexOf(word);
        if (place < 0) return false;
        score += title.indexOf(word) < 0 ? place === 0 || /[\s=/]/.test(text[place - 1]) ? 2 : 3 : title === word || title.endsWith("#" + word) ? 0 : 1;
        return true;
      });
      if (hit) found.push({ item: item, score: score * 20 + KINDS.indexOf(item[0]), at: at, words: words });
    });
    return found.sort(function (a, b) { return a.score - b.score || a.at - b.at; });
  }
  /** The words of a document that were found, where the title does not show them. */
  function because(found) {
    var title = found.item[1].toLowerCase();
    return found.words.filter(function (word) { return title.indexOf(word) < 0; }).map(function (word) {
      return found.item[4].split(/\s+/).find(function (part) { return part.toLowerCase().indexOf(word) >= 0; });
    }).filter(Boolean).join(", ");
  }
  function startSearch() {
    var place = doc.querySelector("[data-search]");
    doc.addEventListener("keydown", function (event) {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || /^(input|select|textarea)$/i.test(event.target.tagName)) return;
      event.preventDefault();
      if (place) place.querySelector("input").focus(); else location.href = to("search/index.html");
    });
    if (!place) return;
    var list = el("ul", { class: "plain found" }), status = el("p", { class: "note", role: "status" });
    var box = el("input", { type: "search", id: "q", autocomplete: "off", placeholder: "run, param=value, metric, note, commit …", input: run });
    place.replaceChildren(el("div", { class: "find", role: "search" },
      el("label", { class: "sr", for: "q" }, "Search runs, jobs, params, metrics, notes, commits and data sets"), box), status, list);
    box.value = view.get("q") || new URLSearchParams(location.search).get("q") || "";
    if (box.value) run();

    function run() {
      site.load(to("data/search.js")).then(function () {
        var query = box.value.trim(), found = search(query), shown = found.slice(0, 100);
        setView("q", query);
        status.textContent = !query ? "" : found.length ? plural(found.length, "match").replace("matchs", "matches") + (found.length > 100 ? ", the first 100 shown" : "")
          : "Nothing found for “" + query + "”. Every word has to be found; try fewer.";
        list.replaceChildren.apply(list, shown.map(function (hit) {
          var why = because(hit);
          return el("li", {}, el("a", { href: to(hit.item[2]) }, hit.item[1]), el("span", { class: "note" }, [hit.item[0], hit.item[3], why].filter(Boolean).join(" · ")));
        }));
      }).catch(function () { status.textContent = "The search index could not be loaded; the list below is complete."; });
    }
  }

  // ---- panels that open over the page close like menus ------------------------------------------------------------------------

  function startPanels() {
    function close(panel) { panel.open = false; }
    doc.addEventListener("pointerdown", function (event) {
      all("details.columns[open]").forEach(function (panel) { if (!panel.contains(event.target)) close(panel); });
    });
    doc.addEventListener("keydown", function (event) {
      if (event.key !== "Escape") return;
      all("details.columns[open]").forEach(function (panel) { close(panel); panel.querySelector("summary").focus(); });
    });
  }

  // ---- a table that fits keeps its head in sight instead of scrolling sideways ------------------------------------------------

  function startFitting() {
    var places = all(".stick.over");
    if (!places.length || !self.ResizeObserver) return;
    var watch = new ResizeObserver(function () {
      places.forEach(function (place) {
        place.classList.remove("over"); // heads wrap without it: told always in that state, or it would come and go for ever
        place.classList.toggle("over", place.firstElementChild.offsetWidth > place.parentElement.clientWidth);
      });
    });
    watch.observe(body);
    places.forEach(function (place) { watch.observe(place.firstElementChild); });
  }

  // ---- charts: loaded when one comes into view ------------------------------------------------------------------------------

  function startCharts() {
    var pictures = all("img[data-chart]");
    if (!pictures.length || !own || !own.dataset.charts || !own.dataset.vega || !self.IntersectionObserver) return;
    onceSeen(pictures, function (picture) {
      Promise.all([own.dataset.vega, own.dataset.charts, picture.dataset.chart].map(site.load)).then(function () {
        return site.enliven(picture, pathOf(new URL(picture.dataset.chart, location.href).href));
      }).catch(function () { /* the picture stays */ });
    });
  }
  /** Call `start` with each node when it comes into view. */
  function onceSeen(nodes, start) {
    var seen = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (!entry.isIntersecting) return;
        seen.unobserve(entry.target);
        start(entry.target);
      });
    }, { rootMargin: "100px" });
    nodes.forEach(function (node) { seen.observe(node); });
  }

  if (own && own.dataset.style) doc.head.append(el("link", { rel: "stylesheet", href: own.dataset.style }));
  [startTheme, startLive, startTables, startPanels, startFitting, startChoosing, startCompare, startSearch, startCharts].forEach(function (start) {
    try { start(); } catch (error) { self.console.error(error); }  // one broken part must not take the others with it
  });
})();
