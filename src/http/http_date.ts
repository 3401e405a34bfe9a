let second = NaN;
let text = "";

/** A moment as headers have it, to the second. Source: RFC 9110 §5.6.7. @param ms Since 1970. */
export function httpDate(ms: number): string {
  const asked = Math.floor(ms / 1000);
  if (asked !== second) {
    second = asked;
    text = new Date(ms).toUTCString();
  }
  return text;
}
