"""Ray and Spark, imported only when they are used."""
