"""The way of a document to the ERP: Export, its steps, the queue, and who decides."""
