import java.nio.file.*;
import java.sql.*;
import java.util.Properties;

/** pgjdbc over TLS: each new connection reads the agent's token anew. Prints the role and the server's name for us. */
public class Login {
  static Connection open() throws Exception {
    Properties p = new Properties();
    p.setProperty("user", "whoever"); p.setProperty("password", Files.readString(Path.of(System.getenv("TOKEN_FILE"))));
    p.setProperty("sslmode", "verify-full"); p.setProperty("sslrootcert", System.getenv("CA"));
    return DriverManager.getConnection("jdbc:postgresql://localhost:" + System.getenv("PGPORT") + "/postgres", p);
  }
  static String who(Connection c) throws Exception {
    try (ResultSet r = c.createStatement().executeQuery("select current_user || ' ' || current_setting('application_name')")) { r.next(); return r.getString(1); }
  }
  public static void main(String[] args) throws Exception {
    try (Connection first = open()) {
      String before = who(first);
      Thread.sleep(1000L * Integer.parseInt(System.getenv("OUTLIVE_S")));
      try (Connection second = open()) { if (!who(second).equals(before)) throw new IllegalStateException("another identity"); }
      if (!who(first).equals(before)) throw new IllegalStateException("another identity");
      System.out.println(before);
    }
  }
}
