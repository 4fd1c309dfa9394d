// Plays the scenarios with JSch (the fork that is kept) and prints one JSON line for each, as ../shared/ssh.mjs does.

import com.jcraft.jsch.Channel;
import com.jcraft.jsch.ChannelExec;
import com.jcraft.jsch.ChannelSftp;
import com.jcraft.jsch.ChannelShell;
import com.jcraft.jsch.JSch;
import com.jcraft.jsch.Session;
import com.jcraft.jsch.SftpException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

public class Main {
  static final String HOME = System.getenv("SSH_HOME");
  static Session session;

  public static void main(String[] args) throws Exception {
    session = connect(false);
    play("output, errors and status", () -> run(session, "echo out; echo err >&2; exit 3", ""));
    play("standard input", () -> run(session, "sha256sum", "x".repeat(3_000_000)));
    play("much output", () -> digest(run(session, "yes line of text | head -c 8000000", "").toString().getBytes()));
    play("several channels", Main::several);
    play("a shell on a terminal", Main::shell);
    play("32 MiB there and back", Main::thereAndBack);
    play("names", Main::names);
    play("a password", Main::password);
    play("labelled", () -> run(session, "cat " + HOME + "/customers.csv", ""));
    play("a refused command", () -> run(session, "hostid > /dev/null && echo ran", ""));
    play("the next command runs", () -> run(session, "echo here", ""));
    System.exit(0);
  }

  static Session connect(boolean byPassword) throws Exception {
    JSch jsch = new JSch();
    jsch.setKnownHosts(System.getenv("SSH_KNOWN_HOSTS"));
    String password = byPassword ? System.getenv("SSH_PASSWORD") : null;
    String user = System.getenv(password == null ? "SSH_USER" : "SSH_PASSWORD_USER");
    Session made = jsch.getSession(user, System.getenv("SSH_HOST"), Integer.parseInt(System.getenv("SSH_PORT")));
    if (password == null) jsch.addIdentity(System.getenv("SSH_KEY"));
    else made.setPassword(password);
    made.setConfig("StrictHostKeyChecking", "yes");
    made.connect(20_000);
    return made;
  }

  static void play(String scenario, Callable<Object> what) {
    String outcome;
    try {
      outcome = "\"result\":" + json(what.call());
    } catch (Exception error) {
      outcome = "\"error\":" + json(error.getClass().getSimpleName() + ": " + error.getMessage());
    }
    System.out.println("{\"scenario\":" + json(scenario) + "," + outcome + "}");
  }

  static String json(Object value) {
    if (value instanceof List<?> list) return "[" + String.join(",", list.stream().map(Main::json).toList()) + "]";
    if (value == null || value instanceof Number || value instanceof Boolean) return String.valueOf(value);
    StringBuilder text = new StringBuilder("\"");
    for (char one : String.valueOf(value).toCharArray())
      if (one < ' ' || one == '"' || one == '\\') text.append(String.format("\\u%04x", (int) one));
      else text.append(one);
    return text.append('"').toString();
  }

  static String digest(byte[] content) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
  }

  static List<Object> run(Session by, String command, String stdin) throws Exception {
    ChannelExec channel = (ChannelExec) by.openChannel("exec");
    ByteArrayOutputStream errors = new ByteArrayOutputStream();
    channel.setCommand(command);
    channel.setErrStream(errors);
    channel.setInputStream(new ByteArrayInputStream(stdin.getBytes()));
    InputStream output = channel.getInputStream();
    channel.connect(20_000);
    String said = new String(output.readAllBytes(), StandardCharsets.UTF_8);
    int status = closed(channel);
    return List.of(status, said, errors.toString(StandardCharsets.UTF_8));
  }

  static int closed(Channel channel) throws Exception {
    while (!channel.isClosed()) Thread.sleep(5);
    channel.disconnect();
    return channel.getExitStatus();
  }

  static Object several() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(8);
    List<Future<List<Object>>> asked = new ArrayList<>();
    for (int n = 0; n < 8; n++) {
      String command = "sleep 0.2; echo number " + n + "; exit " + n;
      asked.add(threads.submit(() -> run(session, command, "")));
    }
    List<Object> all = new ArrayList<>();
    for (Future<List<Object>> one : asked) all.add(one.get());
    threads.shutdown();
    return all;
  }

  static Object shell() throws Exception {
    ChannelShell channel = (ChannelShell) session.openChannel("shell");
    channel.setPtyType("xterm");
    channel.setInputStream(new ByteArrayInputStream("echo $((40+2)); exit 5\n".getBytes()));
    InputStream output = channel.getInputStream();
    channel.connect(20_000);
    String said = new String(output.readAllBytes(), StandardCharsets.UTF_8);
    return List.of(said.contains("42"), closed(channel));
  }

  static ChannelSftp sftp() throws Exception {
    ChannelSftp channel = (ChannelSftp) session.openChannel("sftp");
    channel.connect(20_000);
    return channel;
  }

  static Object thereAndBack() throws Exception {
    byte[] content = new byte[32 << 20];
    new Random().nextBytes(content);
    ChannelSftp sftp = sftp();
    sftp.put(new ByteArrayInputStream(content), HOME + "/there.bin");
    // the host's disk is this machine's
    boolean there = Arrays.equals(Files.readAllBytes(Path.of(HOME, "there.bin")), content);
    ByteArrayOutputStream back = new ByteArrayOutputStream();
    sftp.get(HOME + "/there.bin", back);
    sftp.disconnect();
    return List.of(there, digest(back.toByteArray()).equals(digest(content)));
  }

  static Object names() throws Exception {
    ChannelSftp sftp = sftp();
    sftp.mkdir(HOME + "/folder");
    sftp.cd(HOME + "/folder");
    sftp.put(new ByteArrayInputStream("1".getBytes()), "one");
    sftp.rename("one", "two ü");
    sftp.symlink("two ü", "link");
    sftp.chmod(0600, "two ü");
    List<String> listed = new ArrayList<>();
    for (ChannelSftp.LsEntry entry : sftp.ls(".")) listed.add(entry.getAttrs().getPermissionsString() + " " + entry.getFilename());
    Collections.sort(listed);
    String target = sftp.readlink("link");
    String refused = "";
    try {
      sftp.rmdir("nowhere");
    } catch (SftpException error) {
      refused = error.id + " " + error.getMessage();
    }
    long size = sftp.stat("link").getSize();
    sftp.disconnect();
    return List.of(listed, target, refused, size);
  }

  static Object password() throws Exception {
    Session other = connect(true);
    try {
      return run(other, "echo in", "");
    } finally {
      other.disconnect();
    }
  }
}
