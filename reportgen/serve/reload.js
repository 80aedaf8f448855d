/* Added by `reportgen serve` only: waits for the next build, then reloads; shows what is wrong until it is mended. */
(function () {
  "use strict";
  var seen = 0, panel = null;

  function show(trouble) {
    if (!panel) {
      panel = document.createElement("div");
      panel.setAttribute("role", "alert");
      panel.id = "reportgen-trouble";
      var look = panel.style;
      look.position = "fixed"; look.left = look.right = look.bottom = "0"; look.zIndex = "2147483647";
      look.maxHeight = "60%"; look.overflow = "auto"; look.padding = "16px 24px"; look.whiteSpace = "pre-wrap";
      look.font = "14px/1.5 ui-monospace, Menlo, Consolas, monospace";
      look.background = "#2b1512"; look.color = "#ffd9cc"; look.borderTop = "4px solid #f2955f";
      document.body.appendChild(panel);
    }
    panel.textContent = "The last build failed; this page is from the one before.\n\n" + trouble.message +
      (trouble.hint ? "\n\nhint: " + trouble.hint : "");
  }

  function wait() {
    var request = new XMLHttpRequest();
    request.open("GET", "/__reportgen__/wait?seen=" + seen);
    request.timeout = 60000;
    request.onload = function () {
      var state;
      try { state = JSON.parse(request.responseText); } catch (problem) { again(); return; }
      var moved = seen !== 0 && state.number !== seen;
      seen = state.number;
      if (state.trouble) { show(state.trouble); } else if (moved) { location.reload(); return; }
      wait();
    };
    request.onerror = request.ontimeout = again;
    request.send();
  }

  function again() { setTimeout(wait, 1000); }

  wait();
})();
