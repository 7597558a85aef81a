// What was typed outlives its page. When a restarted server, an ended session or another language has the page loaded anew,
// it is put back: for the same person, at the same page, in the same tab. Of forms that say data-keeps; never of passwords.
(() => {
  const place = "tandem.typed";
  const longest = 60 * 60 * 1000;
  // What each field held before somebody typed in it.
  const before = new Map();
  let leaving = false;

  const valueOf = (field) => (field.type === "checkbox" || field.type === "radio" ? field.checked : field.value);
  const isKept = (field) => field.id && field.type !== "password" && field.matches("form[data-keeps] :is(input, select, textarea)");
  const person = () => document.querySelector(".shell")?.dataset.person;
  const notice = (event) => {
    if (!isKept(event.target)) return;
    for (const field of [event.target, ...event.target.form.querySelectorAll("input[type=hidden]")])
      if (isKept(field) && !before.has(field)) before.set(field, valueOf(field));
  };
  document.addEventListener("focusin", notice);
  // What was chosen without the focus, such as by a program that fills forms in, held something else before.
  document.addEventListener("change", (event) => {
    if (isKept(event.target) && !before.has(event.target)) before.set(event.target, null);
  }, true);

  function typed() {
    for (const field of before.keys()) if (!field.isConnected) before.delete(field);
    return [...before.keys()].filter((field) => isKept(field) && valueOf(field) !== before.get(field));
  }

  window.addEventListener("beforeunload", (event) => {
    if (leaving !== true && typed().length > 0) event.preventDefault();
  });
  window.addEventListener("pagehide", () => {
    const fields = typed()
      .sort((a, b) => (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1))
      .map((field) => ({ id: field.id, value: valueOf(field), form: field.form.dataset.keeps, rows: field.closest("[data-rows]")?.dataset.rows }));
    if (leaving === "for good") sessionStorage.removeItem(place);
    else if (fields.length > 0)
      sessionStorage.setItem(place, JSON.stringify({ person: person(), path: location.pathname, at: Date.now(), fields }));
  });
  document.addEventListener("submit", (event) => {
    // Whoever signs out leaves nothing behind.
    if (event.target.matches("form[action$=signout]")) leaving = "for good";
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("a[data-returns]")) leaving = true;
  });

  // Resolves when there is such an element, or when there is none after a while.
  const appears = (find, patience) => new Promise((resolve) => {
    const look = () => {
      const found = find();
      if (found) end(found);
    };
    const watch = new MutationObserver(look);
    const clock = setTimeout(() => end(null), patience);
    const end = (found) => {
      watch.disconnect();
      clearTimeout(clock);
      resolve(found);
    };
    watch.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-ready", "id"] });
    look();
  });

  async function putBack() {
    const kept = JSON.parse(sessionStorage.getItem(place));
    if (kept?.path !== location.pathname || !(await appears(() => document.querySelector(".shell[data-ready=true]"), 60_000))) return;
    sessionStorage.removeItem(place);
    if (kept.person !== person() || Date.now() - kept.at > longest) return;
    const told = new Set();
    for (const { id, value, form, rows } of kept.fields) {
      const find = () => document.getElementById(id);
      const open = (what) => what && document.querySelector(`[data-opens="${what}"]`)?.click();
      // A page that loads has its form a while later; one that is edited in place opens it when asked, and a list gets a row.
      if (!(await appears(() => document.querySelector(`form[data-keeps="${form}"], [data-opens="${form}"]`), 15_000))) return;
      if (!document.querySelector(`form[data-keeps="${form}"]`)) open(form);
      let field = await appears(() => find() ?? (rows && document.querySelector(`[data-opens="${rows}"]`)), 5_000);
      for (let tries = 0; field && field.id !== id && tries < 20; tries++) {
        const count = field.parentElement.querySelectorAll("input").length;
        const list = field.parentElement;
        open(rows);
        await appears(() => list.querySelectorAll("input").length !== count, 5_000);
        field = find() ?? field;
      }
      if (field?.id !== id || before.has(field) || valueOf(field) === value) continue;
      before.set(field, valueOf(field));
      if (typeof value === "boolean") field.checked = value;
      else field.value = value;
      field.dispatchEvent(new Event("change", { bubbles: true }));
      if (told.has(form)) continue;
      told.add(form);
      field.form.prepend(document.getElementById("typed-again").content.cloneNode(true));
    }
  }

  window.tandem.leave = () => (leaving = true);
  if (document.querySelector(".shell")) putBack();
})();
