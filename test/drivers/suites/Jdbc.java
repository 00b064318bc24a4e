import java.sql.*;
import java.util.Properties;

/** pgjdbc through the gateway: prepared statements on the server, batches, cursors with a fetch size, COPY, errors. Prints "N passed, N failed". */
public class Jdbc {
  interface Test { void run(Connection c) throws Exception; }
  static int passed, failed;

  static void check(boolean ok, String what) { if (!ok) throw new IllegalStateException(what); }

  static void run(String name, Test test) {
    Properties p = new Properties();
    p.setProperty("user", "postgres"); p.setProperty("sslmode", "disable"); p.setProperty("prepareThreshold", "2"); p.setProperty("binaryTransfer", "true");
    try (Connection c = DriverManager.getConnection("jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/postgres", p)) {
      test.run(c); passed++;
    } catch (Exception e) { failed++; System.out.println("FAILED " + name + " " + e); }
  }

  public static void main(String[] args) {
    run("server-prepared statements", c -> {
      try (PreparedStatement s = c.prepareStatement("select ?::int + 1, ?::text, ?::timestamptz")) {
        for (int i = 0; i < 20; i++) { s.setInt(1, i); s.setString(2, "é" + i); s.setTimestamp(3, new Timestamp(1000L * i)); ResultSet r = s.executeQuery(); r.next(); check(r.getInt(1) == i + 1 && r.getString(2).equals("é" + i), "row"); }
      }
    });
    run("batches", c -> {
      c.createStatement().execute("create temp table t (a int primary key, b text)");
      try (PreparedStatement s = c.prepareStatement("insert into t values (?, ?)")) { for (int i = 0; i < 5000; i++) { s.setInt(1, i); s.setString(2, "x"); s.addBatch(); } check(s.executeBatch().length == 5000, "count"); }
      try (PreparedStatement s = c.prepareStatement("insert into t values (?, ?)")) { for (int i = 4999; i < 5010; i++) { s.setInt(1, i); s.setString(2, "x"); s.addBatch(); } s.executeBatch(); check(false, "a duplicate"); } catch (BatchUpdateException expected) { check(expected.getSQLState().equals("23505"), expected.getSQLState()); }
    });
    run("fetch size", c -> {
      c.setAutoCommit(false);
      try (Statement s = c.createStatement()) { s.setFetchSize(7); ResultSet r = s.executeQuery("select generate_series(1, 100)"); int n = 0; while (r.next()) n++; check(n == 100, "rows " + n); }
      c.commit();
    });
    run("copy", c -> {
      c.createStatement().execute("create temp table t (a int)");
      org.postgresql.copy.CopyManager m = c.unwrap(org.postgresql.PGConnection.class).getCopyAPI();
      check(m.copyIn("copy t from stdin", new java.io.StringReader("1\n2\n3\n")) == 3, "in");
      java.io.StringWriter w = new java.io.StringWriter(); m.copyOut("copy t to stdout", w); check(w.toString().equals("1\n2\n3\n"), "out");
    });
    run("errors and savepoints", c -> {
      c.setAutoCommit(false);
      Savepoint s = c.setSavepoint();
      try { c.createStatement().execute("select 1/0"); check(false, "no error"); } catch (SQLException e) { check(e.getSQLState().equals("22012"), e.getSQLState()); }
      c.rollback(s); ResultSet r = c.createStatement().executeQuery("select 3"); r.next(); check(r.getInt(1) == 3, "after");
    });
    run("cancel", c -> {
      Statement s = c.createStatement();
      new Thread(() -> { try { Thread.sleep(300); s.cancel(); } catch (Exception e) { } }).start();
      try { s.execute("select pg_sleep(20)"); check(false, "no error"); } catch (SQLException e) { check(e.getSQLState().equals("57014"), e.getSQLState()); }
    });
    System.out.println(passed + " passed, " + failed + " failed");
    System.exit(failed == 0 ? 0 : 1);
  }
}
