import java.sql.*;
import java.util.*;

/** DatabaseMetaData and statements of pgjdbc. */
public class Jdbc {
  interface Rows { ResultSet get() throws SQLException; }
  static void all(Rows rows) { try (ResultSet r = rows.get()) { while (r.next()) r.getString(1); } catch (SQLException e) { System.err.println(e.getMessage()); } }
  public static void main(String[] args) throws Exception {
    String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE") + "?sslmode=disable";
    try (Connection c = DriverManager.getConnection(url, "postgres", "unused")) {
      DatabaseMetaData m = c.getMetaData();
      all(m::getSchemas); all(m::getCatalogs); all(m::getTableTypes); all(m::getTypeInfo); all(m::getClientInfoProperties);
      for (String s : new String[] { "public", "warehouse", null }) {
        all(() -> m.getTables(null, s, "%", null)); all(() -> m.getTables(null, s, "%", new String[] { "TABLE", "VIEW" }));
        all(() -> m.getColumns(null, s, "%", "%")); all(() -> m.getProcedures(null, s, "%")); all(() -> m.getFunctions(null, s, "%"));
        all(() -> m.getProcedureColumns(null, s, "%", "%")); all(() -> m.getFunctionColumns(null, s, "%", "%")); all(() -> m.getUDTs(null, s, "%", null));
        all(() -> m.getTablePrivileges(null, s, "%"));
      }
      for (String t : new String[] { "customers", "orders", "products", "order_items" }) {
        all(() -> m.getPrimaryKeys(null, "public", t)); all(() -> m.getImportedKeys(null, "public", t)); all(() -> m.getExportedKeys(null, "public", t));
        all(() -> m.getIndexInfo(null, "public", t, false, true)); all(() -> m.getBestRowIdentifier(null, "public", t, 1, true)); all(() -> m.getVersionColumns(null, "public", t));
        all(() -> m.getColumnPrivileges(null, "public", t, "%")); all(() -> m.getCrossReference(null, "public", t, null, "public", "orders"));
        all(() -> m.getColumns(null, "public", t, "%"));
      }
      m.getSQLKeywords(); m.getNumericFunctions(); m.supportsTransactions(); m.getDatabaseProductVersion(); c.getSchema(); c.getTransactionIsolation();
      try (PreparedStatement p = c.prepareStatement("select id, total, created_at from orders where customer_id = ? order by id")) {
        for (int n = 1; n < 8; n++) { p.setInt(1, n); try (ResultSet r = p.executeQuery()) { java.sql.ResultSetMetaData d = r.getMetaData(); d.getTableName(1); d.isAutoIncrement(1); while (r.next()) r.getTimestamp(3); } }
      }
      c.setAutoCommit(false);
      try (PreparedStatement p = c.prepareStatement("select id, total from orders where id < ?")) { p.setFetchSize(30); p.setInt(1, 100); try (ResultSet r = p.executeQuery()) { while (r.next()) r.getInt(1); } }
      try (PreparedStatement p = c.prepareStatement("update warehouse.stock set amount = ? where product_id = ?")) { for (int n = 1; n < 5; n++) { p.setInt(1, n); p.setInt(2, n); p.addBatch(); } p.executeBatch(); }
      try (PreparedStatement p = c.prepareStatement("insert into orders values (?, ?, ?, ?)", Statement.RETURN_GENERATED_KEYS)) { p.setInt(1, 92000); p.setInt(2, 3); p.setBigDecimal(3, new java.math.BigDecimal("4.5")); p.setTimestamp(4, new Timestamp(0)); p.executeUpdate(); all(p::getGeneratedKeys); }
      Savepoint s = c.setSavepoint("here"); c.rollback(s); c.commit(); c.setReadOnly(true); c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      try (CallableStatement p = c.prepareCall("{? = call order_total(?)}")) { p.registerOutParameter(1, Types.NUMERIC); p.setInt(2, 4); p.execute(); } catch (SQLException e) { System.err.println(e.getMessage()); }
      c.rollback(); c.isValid(2);
      java.sql.Array a = c.createArrayOf("int4", new Integer[] { 1, 2 }); try (PreparedStatement p = c.prepareStatement("select title, tags, attributes from products where id = any(?)")) { p.setArray(1, a); all(p::executeQuery); }
    }
  }
}
