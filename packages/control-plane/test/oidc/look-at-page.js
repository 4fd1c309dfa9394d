// Runs in the page; the value of this script is what it found.
(() => {
  const channel = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const luminance = (color) => {
    const [r = 0, g = 0, b = 0] = (color.match(/[\d.]+/g) ?? []).map((part) => channel(Number(part) / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundOf = (element) => {
    if (element === null) return "rgb(255, 255, 255)";
    const color = getComputedStyle(element).backgroundColor;
    return /, 0\)$|transparent/.test(color) ? groundOf(element.parentElement) : color;
  };
  const faint = [...document.querySelectorAll("body *")].flatMap((element) => {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && (node.textContent ?? "").trim() !== "");
    const box = element.getBoundingClientRect();
    if (!own || box.width === 0 || box.right < 0) return [];
    const [text, ground] = [luminance(getComputedStyle(element).color), luminance(groundOf(element))];
    const contrast = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
    return contrast < 4.5 ? [`${element.tagName} ${element.textContent?.trim()} ${contrast.toFixed(2)}`] : [];
  });
  const nameless = [...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a")].flatMap(
    (element) => {
      const labels = "labels" in element ? [...(element.labels ?? [])] : [];
      const name = `${labels.map((label) => label.textContent).join("")}${element.textContent ?? ""}`.trim();
      return name === "" && element.getAttribute("aria-label") === null ? [element.outerHTML] : [];
    },
  );
  const { scrollWidth, clientWidth } = document.documentElement;
  return {
    faint,
    nameless,
    wider: scrollWidth - clientWidth,
    lang: document.documentElement.lang,
    headings: document.querySelectorAll("h1").length,
  };
})();
