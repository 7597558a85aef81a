// What only the browser knows or does: theme, time zone, closing menus, and the dialog of a lost connection.
(() => {
  const year = 365 * 24 * 60 * 60;
  const base = () => new URL(document.baseURI).pathname;
  const remember = (name, value) => {
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `${name}=${value ?? ""}; path=${base()}; max-age=${value ? year : 0}; samesite=lax${secure}`;
  };
  const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;
  remember("tandem.zone", encodeURIComponent(zone()));

  window.tandem = {
    zone,
    setTheme(name) {
      if (name) document.documentElement.dataset.theme = name;
      else delete document.documentElement.dataset.theme;
      remember("tandem.theme", name);
    },
    focus: (id) => document.getElementById(id)?.focus(),
    focusFirst: (within) => within.querySelector("input, select, textarea, button")?.focus(),
    showDialog(dialog, focus) {
      if (!dialog.open) dialog.showModal();
      if (focus) window.tandem.focusFirst(focus);
    },
    // Not only taken out of the page: the focus goes back to where it was, or to where the answer is.
    closeDialog(dialog, place) {
      dialog.close();
      if (place) document.getElementById(place).focus();
    },
    // The first field that is wrong, else what is said above the form.
    focusFault: (notice) => (notice.closest("form")?.querySelector("[aria-invalid=true]") ?? notice).focus(),
    // Without TLS a browser hides its clipboard from all but localhost; then what is copied is at least selected.
    async copy(code) {
      getSelection().selectAllChildren(code);
      try {
        await navigator.clipboard.writeText(code.textContent);
        return true;
      } catch {
        return document.execCommand("copy");
      }
    },
    async download(name, type, stream) {
      const address = URL.createObjectURL(new Blob([await stream.arrayBuffer()], { type }));
      Object.assign(document.createElement("a"), { href: address, download: name }).click();
      URL.revokeObjectURL(address);
    },
  };

  // A place that takes what is dragged says so; asking the server at every move of the mouse would be too late.
  document.addEventListener("dragover", (event) => {
    if (event.target.closest?.("[data-drop=yes]")) event.preventDefault();
  });
  // Some browsers open what is dropped.
  document.addEventListener("drop", (event) => {
    if (event.target.closest?.("[data-drop]")) event.preventDefault();
  });

  // What a menu opens stays within the window, wherever its name stands.
  document.addEventListener("toggle", (event) => {
    const body = event.target.open && event.target.matches("details.menu") && event.target.querySelector(".menu-body");
    if (!body) return;
    body.style.translate = "";
    const { left, right } = body.getBoundingClientRect();
    const over = Math.max(0, right + 8 - document.documentElement.clientWidth) || Math.min(0, left - 8);
    if (over) body.style.translate = `${-over}px`;
  }, true);

  const openMenus = () => document.querySelectorAll("details.menu[open]");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of openMenus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    // Behind a link of its own a menu closes as well: the next page may keep the bar.
    for (const menu of openMenus()) if (!menu.contains(event.target) || event.target.closest("a")) menu.open = false;
  });

  const dialog = document.getElementById("components-reconnect-modal");
  if (!dialog) return;
  dialog.addEventListener("components-reconnect-state-changed", (event) => {
    const state = event.detail.state;
    dialog.dataset.state = state;
    if (state === "show" && !dialog.open) dialog.showModal();
    else if (state === "hide") dialog.close();
    else if (state === "failed") document.addEventListener("visibilitychange", again, { once: true });
    else if (state === "rejected") reload();
  });
  // The server knows the page no longer; what was typed is put back (typed.js).
  function reload() {
    window.tandem.leave();
    location.reload();
  }
  async function again() {
    if (document.visibilityState !== "visible") return;
    dialog.dataset.state = "show";
    try {
      if (!(await Blazor.reconnect())) reload();
    } catch {
      dialog.dataset.state = "failed";
      document.addEventListener("visibilitychange", again, { once: true });
    }
  }
  document.getElementById("reconnect-again").addEventListener("click", again);
})();
