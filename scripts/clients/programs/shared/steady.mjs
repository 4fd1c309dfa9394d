/** Without what is another one each time, and how columns of a table are filled because of it. */
export const steady = (text) =>
  text
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UID")
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| [+-]\d{4}( \w+)?)?/g, "TIME")
    .replaceAll(/\b[A-Z][a-z]{2},? +(\d+ )?[A-Z][a-z]{2} +\d+ [\d:]{8}( [+-]?\w+)*/g, "TIME")
    .replaceAll(/(resourceVersion"?: "?)\d+/g, "$1VERSION")
    .replaceAll(/\/tmp\/(LIVE|MERGED)-\d+/g, "/tmp/$1")
    .replaceAll(/(?<!\S)(\d+m)?\d+(s|m)(?!\S)/g, "AGE")
    .replaceAll(/ {2,}/g, "  ");
