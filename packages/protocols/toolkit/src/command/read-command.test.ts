import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCommand } from "./read-command.ts";
import { transfersOf } from "./transfers.ts";

const programs = (line: string) => readCommand(line).programs;

describe("programs of a command line", () => {
  it.each([
    ["ls -la /tmp", ["ls"]],
    ["/usr/bin/curl https://x", ["curl"]],
    ["cd /srv && ./run.sh; echo done || true", ["cd", "run.sh", "echo", "true"]],
    ["cat a | grep b | wc -l &", ["cat", "grep", "wc"]],
    ["A=1 B=$X make all", ["make"]],
    ["echo $(whoami) `hostname`", ["whoami", "hostname", "echo"]],
    ['echo "today: $(date +%F)"', ["date", "echo"]],
    ["echo '$(whoami)'", ["echo"]],
    ["c\\url x", ["curl"]],
    ["'cu'\"rl\" x", ["curl"]],
    ["sudo -u bob -- rm -rf /x", ["sudo", "rm"]],
    ["sudo FOO=1 env -u BAR BAZ=2 nice -n 5 curl x", ["sudo", "env", "nice", "curl"]],
    ["timeout -k 5 10 curl x", ["timeout", "curl"]],
    ["find . -name '*.log' -exec rm {} \\;", ["find", "rm"]],
    ["ls | xargs -n 1 rm", ["ls", "xargs", "rm"]],
    ["sh -c 'curl x | sh -c \"id\"'", ["sh", "curl", "sh", "id"]],
    ["bash -lc 'id'", ["bash", "id"]],
    ["eval 'curl x'", ["eval", "curl"]],
    ["for f in a b; do rm $f; done", ["rm"]],
    ["if test -f x; then cat x; else id; fi", ["test", "cat", "id"]],
    ['( umask 77 && mkdir -p "` echo ~/.ansible `" ) > /dev/null 2>&1', ["echo", "umask", "mkdir"]],
    ["while true; do { date; }; done", ["true", "date"]],
    ["! grep -q x y", ["grep"]],
    ["echo a # curl b", ["echo"]],
    ["diff <(ls) x", undefined],
    ["$CMD x", undefined],
    [`cu${"$"}{X}rl x`, undefined],
    ["/bin/c*rl x", undefined],
    ['sh -c "$X"', undefined],
    ["sh script", undefined],
    ["curl x | sh", undefined],
    ["cat <<EOF\nx\nEOF", undefined],
    ["echo 'open", undefined],
    ["echo $(open", undefined],
    ["f() { curl x; }; f", undefined],
    ["case x in x) curl;; esac", undefined],
    ["$'\\x63url' x", undefined],
    ["env -S 'curl x'", undefined],
    ["sudo -i", undefined],
    [". ./script", undefined],
    [`echo ${"$"}{x:-$(curl y)}`, undefined],
    ["~/bin/x", undefined],
    ["{curl,x}", undefined],
    // each of these starts curl
    ["time -p curl x", undefined],
    ["time { curl x; }", ["curl"]],
    ['$"curl" x', undefined],
    ["sh -c -- 'curl x'", undefined],
    ["bash -c -x 'curl x'", undefined],
    ["csh -c 'curl x'", undefined],
    ["su -c 'curl x'", undefined],
    ["sudo -iu root", undefined],
    ["sudo --login", undefined],
    ["env -iS 'curl x'", undefined],
    ["sudo --unknown-option x curl", undefined],
    ["xargs --max-args 1 curl", ["xargs", "curl"]],
    ["flock f -c 'curl x'", undefined],
    ["watch 'curl x'", undefined],
    ["trap 'curl x' EXIT", undefined],
    ["echo curl x | xargs env", undefined],
    ["set -- a; for i do curl x; done", ["set", "curl"]],
    ["echo $((curl x); true)", undefined],
    ["echo $((curl x)|(cat))", undefined],
    [`echo "${"$"}{x:-'}" ; curl x ; echo "'}"`, undefined],
    [`echo ${"$"}{x:-<(curl x)}`, undefined],
    [`echo ${"$"}{ curl x; }`, undefined],
    [`x='$(curl x)'; echo ${"$"}{x@P}`, undefined],
    ["echo $((1 + (2 * 3)))", ["echo"]],
    [`echo ${"$"}{x:-y}`, ["echo"]],
  ])("%s", (line, expected) => {
    expect(programs(line)).toEqual(expected);
  });

  it.each(["sudo ", "$(a)", "a;", "find -exec a ", "A=1 "])("reads 128 kB of %s in little time", (piece) => {
    const line = piece.repeat(130_000 / piece.length);
    const begun = process.cpuUsage();
    expect(readCommand(line).seen.length).toBeLessThanOrEqual(2_001);
    // one that reads its words again for each of them takes seconds
    expect(process.cpuUsage(begun).user).toBeLessThan(1_500_000);
  });

  it("reads any text without failing, in the time its length allows", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."ab $(){}'\"`\\|&;<>\n#*~=".split("")), maxLength: 300 }),
        (line) => {
          readCommand(line);
        },
      ),
    );
    // a reader that is not linear would not come back within the test's limit
    for (const line of [
      "$(".repeat(40_000),
      "`".repeat(100_000),
      "(".repeat(100_000),
      "'".repeat(99_999),
      "a;".repeat(60_000),
    ])
      readCommand(line);
  });
});

describe("files that a command line moves", () => {
  it.each([
    ["scp -t /srv/x", [{ via: "scp", direction: "upload", path: "/srv/x" }]],
    ["scp -v -r -p -f -- 'a b'", [{ via: "scp", direction: "download", path: "a b" }]],
    ["rsync --server --sender -logDtpre.iLsfxCIvu . /etc/", [{ via: "rsync", direction: "download", path: "/etc/" }]],
    ["rsync --server -vlogDtpre.iLsfxCIvu . dst", [{ via: "rsync", direction: "upload", path: "dst" }]],
    ["cat > /tmp/x", [{ via: "redirect", direction: "upload", path: "/tmp/x" }]],
    ["cat /etc/passwd", [{ via: "redirect", direction: "download", path: "/etc/passwd" }]],
    ["cat < /etc/passwd", [{ via: "redirect", direction: "download", path: "/etc/passwd" }]],
    ["tee -a out", [{ via: "redirect", direction: "upload", path: "out" }]],
    ["dd if=/dev/sda bs=1M", [{ via: "redirect", direction: "download", path: "/dev/sda" }]],
    ["tar czf - /srv", [{ via: "redirect", direction: "download", path: "/srv" }]],
    ["tar -xf - -C /srv", [{ via: "redirect", direction: "upload", path: "/srv" }]],
    ["echo x > /dev/null", []],
    ["> /srv/x", [{ via: "redirect", direction: "upload", path: "/srv/x" }]],
    // each of these was once no transfer
    ["sudo cat /etc/shadow", [{ via: "redirect", direction: "download", path: "/etc/shadow" }]],
    ["LC_ALL=C cat /etc/shadow", [{ via: "redirect", direction: "download", path: "/etc/shadow" }]],
    ["sudo rsync --server --sender -logDtpre . /etc/", [{ via: "rsync", direction: "download", path: "/etc/" }]],
    ["A=1 sudo -u root env B=2 scp -f /etc/shadow", [{ via: "scp", direction: "download", path: "/etc/shadow" }]],
    ["bash -lc 'cd /etc && cat shadow'", [{ via: "redirect", direction: "download", path: "shadow" }]],
    ["sudo sh -c 'nice cat a' > b", [{ via: "redirect", direction: "download", path: "a" }]],
    ["busybox cat a", [{ via: "redirect", direction: "download", path: "a" }]],
    ["sudo tee -a out", [{ via: "redirect", direction: "upload", path: "out" }]],
    ["timeout 5 tar czf - /srv", [{ via: "redirect", direction: "download", path: "/srv" }]],
    // the output of these is words of a command, or their files are named elsewhere
    ["mkdir -p $(cat name)", []],
    ["echo $(sh -c 'cat name')", []],
    ["find . -exec cat {} \\;", []],
    ["ls | xargs cat --", []],
    ["ls", []],
  ])("%s", (line, expected) => {
    expect(transfersOf(readCommand(line))).toEqual(expected);
  });
});
