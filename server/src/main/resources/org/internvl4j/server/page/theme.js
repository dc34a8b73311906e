// Before anything is drawn, so that a dark page never flashes white.
try {
  document.documentElement.dataset.theme = localStorage.getItem("internvl.theme") ?? "auto";
} catch {
  document.documentElement.dataset.theme = "auto"; // no storage: as the system is
}
