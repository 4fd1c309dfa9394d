import java.io.ByteArrayOutputStream;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyManager;
import org.postgresql.util.PSQLException;

/** Plays the scenarios with pgjdbc and prints one JSON line for each, as ../shared/scenarios.mjs does. */
public final class Main {
  interface Play {
    Object run() throws Exception;
  }

  private static Connection connection;
  private static final Map<String, Play> SCENARIOS = new LinkedHashMap<>();

  public static void main(String[] arguments) throws Exception {
    connection = connect("");
    declare();
    for (Map.Entry<String, Play> one : SCENARIOS.entrySet()) {
      String outcome;
      try {
        outcome = "\"result\":" + json(one.getValue().run());
      } catch (Exception error) {
        outcome = "\"error\":" + json(error instanceof SQLException sql ? sql.getSQLState() + " " + sql.getMessage() : error.toString());
      }
      System.out.println("{\"scenario\":" + json(one.getKey()) + "," + outcome + "}");
    }
    System.exit(0);
  }

  private static Connection connect(String more) throws SQLException {
    Map<String, String> env = System.getenv();
    Properties login = new Properties();
    login.setProperty("user", env.get("PGUSER"));
    login.setProperty("password", env.get("PGPASSWORD"));
    String url = "jdbc:postgresql://" + env.get("PGHOST") + ":" + env.get("PGPORT") + "/" + env.get("PGDATABASE").replace("/", "%2F");
    return DriverManager.getConnection(url + "?sslmode=require&connectTimeout=20" + more, login);
  }

  private static List<Object> rows(ResultSet found) throws SQLException {
    List<Object> all = new ArrayList<>();
    while (found.next()) {
      List<Object> row = new ArrayList<>();
      for (int column = 1; column <= found.getMetaData().getColumnCount(); column++) row.add(value(found.getObject(column)));
      all.add(row);
    }
    return all;
  }

  private static Object value(Object value) throws SQLException {
    if (value instanceof byte[] bytes) return Base64.getEncoder().encodeToString(bytes);
    if (value instanceof java.sql.Array array) return value.toString();
    return value;
  }

  private static List<Object> query(String sql, Object... values) throws SQLException {
    return query(connection, sql, values);
  }

  private static List<Object> query(Connection on, String sql, Object... values) throws SQLException {
    try (PreparedStatement statement = on.prepareStatement(sql)) {
      for (int n = 0; n < values.length; n++) statement.setObject(n + 1, values[n]);
      return rows(statement.executeQuery());
    }
  }

  private static int execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
      return statement.getUpdateCount();
    }
  }

  private static Object errorOf(Play play) throws Exception {
    try {
      play.run();
      return "no error";
    } catch (PSQLException error) {
      var server = error.getServerErrorMessage();
      if (server == null) return List.of(String.valueOf(error.getSQLState()), error.getMessage());
      return Arrays.asList(server.getSQLState(), server.getMessage(), server.getConstraint(), server.getPosition());
    }
  }

  private static void declare() {
    SCENARIOS.put("connect", () -> Arrays.asList(query("select current_database(), current_user::text"), connection.getMetaData().getDatabaseProductVersion(), connection.getCatalog(), connection.getSchema()));
    SCENARIOS.put("simple", () -> {
      try (Connection simple = connect("&preferQueryMode=simple"); Statement statement = simple.createStatement()) {
        List<Object> all = new ArrayList<>();
        boolean more = statement.execute("select 1; select 'two', null; create temp table t (a int)");
        for (int n = 0; n < 3; n++) {
          all.add(more ? rows(statement.getResultSet()) : statement.getUpdateCount());
          more = statement.getMoreResults();
        }
        all.add(query(simple, "select ?::int, ?::text", 5, "it's"));
        return all;
      }
    });
    SCENARIOS.put("parameters", () -> query("select ?::int2, ?::int4, ?::int8, ?::float8, ?::bool, ?::text, ?::bytea, ?::date, ?::timestamptz, ?::uuid, ?::numeric, ?::text", (short) -7, Integer.MAX_VALUE, Long.MAX_VALUE, 0.1, true, "tëxt", new byte[] {0, 1, -1}, java.sql.Date.valueOf("2024-02-29"), new Timestamp(0), UUID.fromString("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), new BigDecimal("1.50"), null));
    SCENARIOS.put("prepared, then named and in binary", () -> {
      // from the fifth execution on the driver names the statement and asks for binary
      List<Object> all = new ArrayList<>();
      try (PreparedStatement statement = connection.prepareStatement("select n, label, n::float8 / 3, n::int8, now() > '2000-01-01'::timestamptz from numbers where n = ?")) {
        for (int n = 1; n <= 12; n++) {
          statement.setInt(1, n);
          all.add(rows(statement.executeQuery()));
        }
      }
      return all;
    });
    SCENARIOS.put("transaction and savepoint", () -> {
      connection.setAutoCommit(false);
      execute("insert into items (name) values ('rolled back')");
      connection.rollback();
      execute("insert into items (name) values ('kept')");
      Savepoint savepoint = connection.setSavepoint("a");
      Object error = errorOf(() -> execute("insert into items (name) values ('kept')"));
      Object aborted = errorOf(() -> query("select 1"));
      connection.rollback(savepoint);
      execute("insert into items (name) values ('after a savepoint')");
      connection.commit();
      connection.setAutoCommit(true);
      return Arrays.asList(error, aborted, query("select name from items order by name"));
    });
    SCENARIOS.put("errors, then on", () -> Arrays.asList(errorOf(() -> query("select 1/0")), errorOf(() -> query("selec 1")), errorOf(() -> query("select * from nowhere where a = ?", 1)), errorOf(() -> execute("insert into customers (id) values (1)")), query("select 1 as on")));
    SCENARIOS.put("autosave", () -> {
      try (Connection saving = connect("&autosave=always")) {
        saving.setAutoCommit(false);
        List<Object> before = query(saving, "select 1");
        Object error = errorOf(() -> query(saving, "select 1/0"));
        return Arrays.asList(before, error, query(saving, "select 2"));
      }
    });
    SCENARIOS.put("batch", () -> {
      List<Object> all = new ArrayList<>();
      for (String more : List.of("", "&reWriteBatchedInserts=true")) {
        try (Connection batching = connect(more); PreparedStatement statement = batching.prepareStatement("insert into items (name) values (?)")) {
          for (int n = 0; n < 300; n++) {
            statement.setString(1, "batch " + more + n);
            statement.addBatch();
          }
          all.add(statement.executeBatch().length);
          for (String name : List.of("new" + more, "kept", "newer")) {
            statement.setString(1, name);
            statement.addBatch();
          }
          try {
            statement.executeBatch();
          } catch (SQLException error) {
            all.add(error.getSQLState());
          }
        }
      }
      all.add(query("select count(*) from items"));
      return all;
    });
    SCENARIOS.put("generated keys", () -> {
      try (PreparedStatement statement = connection.prepareStatement("insert into items (name) values (?)", new String[] {"name"})) {
        statement.setString(1, "with a key");
        statement.executeUpdate();
        return rows(statement.getGeneratedKeys());
      }
    });
    SCENARIOS.put("cursor with row limit", () -> {
      connection.setAutoCommit(false);
      int count = 0;
      try (PreparedStatement statement = connection.prepareStatement("select n from numbers order by n")) {
        statement.setFetchSize(70);
        try (ResultSet found = statement.executeQuery()) {
          while (found.next()) count += found.getInt(1);
        }
        statement.setMaxRows(5);
        List<Object> limited = rows(statement.executeQuery());
        connection.commit();
        connection.setAutoCommit(true);
        return Arrays.asList(count, limited);
      }
    });
    SCENARIOS.put("copy in, out and fail", () -> {
      execute("create temp table copied (a int, b text)");
      CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
      StringBuilder lines = new StringBuilder();
      for (int n = 0; n < 2000; n++) lines.append(n).append("\tline ").append(n).append('\n');
      long in = copies.copyIn("copy copied from stdin", new StringReader(lines.toString()));
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      copies.copyOut("copy copied to stdout (format csv)", out);
      Object error = errorOf(() -> copies.copyIn("copy copied from stdin", new StringReader("x\ty\n")));
      return Arrays.asList(in, digest(out.toByteArray()), error, query("select count(*), sum(a) from copied"));
    });
    SCENARIOS.put("listen and notify", () -> {
      execute("listen news");
      try (Connection other = connect("")) {
        query(other, "select pg_notify('news', 'päyload')::text");
      }
      PGNotification[] heard = connection.unwrap(PGConnection.class).getNotifications(20_000);
      return Arrays.asList(heard[0].getName(), heard[0].getParameter());
    });
    SCENARIOS.put("cancel", () -> {
      try (Statement statement = connection.createStatement(); Connection other = connect("")) {
        Thread canceler = new Thread(() -> {
          try {
            for (int n = 0; n < 200 && query(other, "select 1 from pg_stat_activity where query = 'select pg_sleep(60)' and wait_event = 'PgSleep'").isEmpty(); n++) Thread.sleep(20);
            statement.cancel();
          } catch (Exception error) {
            throw new IllegalStateException(error);
          }
        });
        canceler.start();
        Object error = errorOf(() -> statement.executeQuery("select pg_sleep(60)"));
        canceler.join();
        return Arrays.asList(error, query("select 3 as on"));
      }
    });
    SCENARIOS.put("notice", () -> {
      try (Statement statement = connection.createStatement()) {
        statement.execute("do $$ begin raise notice 'hello %', 1; raise warning using errcode = '01234', message = 'mind'; end $$");
        List<Object> all = new ArrayList<>();
        for (SQLWarning one = statement.getWarnings(); one != null; one = one.getNextWarning()) all.add(Arrays.asList(one.getSQLState(), one.getMessage()));
        return all;
      }
    });
    SCENARIOS.put("big result", () -> {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      int count = 0;
      try (Statement statement = connection.createStatement(); ResultSet found = statement.executeQuery("select n, repeat('x', 50) || n from generate_series(1, 200000) n")) {
        while (found.next()) {
          count++;
          digest.update(found.getString(2).getBytes(StandardCharsets.UTF_8));
        }
      }
      return Arrays.asList(count, HexFormat.of().formatHex(digest.digest()));
    });
    SCENARIOS.put("large parameter", () -> query("select length(?::text), octet_length(?::bytea)", "ä".repeat(4_000_000), new byte[5_000_000]));
    SCENARIOS.put("many parameters", () -> {
      Object[] values = new Object[65_535];
      Arrays.setAll(values, n -> n);
      return query("select count(*), sum(v)::int8 from unnest(array[" + "?,".repeat(values.length - 1) + "?]::int[]) v", values);
    });
    SCENARIOS.put("unicode", () -> query("select ?::text as \"naïve ☃\", 'ü' as \"größe\"", "🐘 l’été שלום"));
    SCENARIOS.put("arrays, json, numeric, ranges", () -> query("select ?::int[], ?::text[], ?::jsonb::text, ?::numeric, ?::int4range::text, array[[1,2],[3,4]], row(1,'a,b',null)::text, '{}'::int[]", connection.createArrayOf("int4", new Integer[] {1, null, -3}), connection.createArrayOf("text", new String[] {"a\"b", "c,d", null, ""}), "{\"deep\": [true]}", new BigDecimal("123456789012345678901234567890.000001"), "[1,5)"));
    SCENARIOS.put("metadata", () -> {
      var meta = connection.getMetaData();
      List<Object> all = new ArrayList<>();
      for (ResultSet found : List.of(meta.getTables(null, "public", "%", new String[] {"TABLE", "VIEW"}), meta.getColumns(null, "public", "customers", "%"), meta.getPrimaryKeys(null, "public", "customers"), meta.getSchemas(null, "public"))) all.add(rows(found));
      return all;
    });
    SCENARIOS.put("updatable result", () -> {
      try (Statement statement = connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE); ResultSet found = statement.executeQuery("select id, name, note from items where name = 'kept'")) {
        found.next();
        found.updateString("note", "changed");
        found.updateRow();
      }
      return query("select note from items where name = 'kept'");
    });
    SCENARIOS.put("labelled", () -> {
      List<Object> all = new ArrayList<>();
      try (PreparedStatement statement = connection.prepareStatement("select id, name, email, ssn from customers where id > ? order by id")) {
        // text first, then named and in binary
        for (int n = 0; n < 8; n++) {
          statement.setInt(1, 0);
          all.add(rows(statement.executeQuery()));
        }
      }
      connection.setAutoCommit(false);
      try (PreparedStatement statement = connection.prepareStatement("select id, email from customers order by id")) {
        statement.setFetchSize(2);
        all.add(rows(statement.executeQuery()));
      }
      connection.commit();
      connection.setAutoCommit(true);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      connection.unwrap(PGConnection.class).getCopyAPI().copyOut("copy (select id, ssn from customers order by id) to stdout", out);
      all.add(out.toString(StandardCharsets.UTF_8));
      return all;
    });
  }

  private static String digest(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  private static String json(Object value) {
    if (value == null) return "null";
    if (value instanceof Number || value instanceof Boolean) return value.toString();
    if (value instanceof List<?> list) return "[" + String.join(",", list.stream().map(Main::json).toList()) + "]";
    StringBuilder text = new StringBuilder("\"");
    for (char one : value.toString().toCharArray()) {
      if (one == '"' || one == '\\') text.append('\\').append(one);
      else if (one < ' ' || one > '~') text.append(String.format("\\u%04x", (int) one));
      else text.append(one);
    }
    return text.append('"').toString();
  }
}
