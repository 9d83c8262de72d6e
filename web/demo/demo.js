// The agent stands in the path, the public key behind the # (so that it is in no log); without one the page asks for it.
(() => {
  const agentId = decodeURIComponent(location.pathname.split("/").filter(Boolean).pop());
  const form = document.getElementById("key");
  const show = (apiKey) => {
    form.hidden = true;
    window.InsydrAI.init({ agentId, apiKey });
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    location.hash = document.getElementById("value").value.trim();
    show(location.hash.slice(1));
  });
  if (location.hash.startsWith("#pk_live_")) show(location.hash.slice(1));
  else form.hidden = false;
})();
