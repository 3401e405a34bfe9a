/** The command line that shows which program listens on a port, for this system. */
export function findListenerCommand(port: number): string {
  if (Deno.build.os === "linux") return `ss -ltnp "sport = :${port}"`;
  if (Deno.build.os === "windows") return `netstat -ano | findstr :${port}`;
  return `lsof -nP -iTCP:${port} -sTCP:LISTEN`;
}
