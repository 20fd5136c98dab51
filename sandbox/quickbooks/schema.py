"""What a qbXML 13.0 request may hold: elements, their order, how often, their types and lengths.

The tables are facts about the format in a notation of our own. One content model is one string:
``Name:type`` in the obligatory order, with ``?``, ``*``, ``+`` as in a DTD, ``(a|b)`` for a choice.

========== =====================================================================================
``str11``  text of at most 11 characters; ``str`` without a limit
``id``     ListID or TxnID, at most 36 characters
``amt``    money: at most 13 digits, then exactly two decimals or none
``price``  also ``quan`` and ``pct``: at most 10 digits and 5 decimals
``date``   YYYY-MM-DD; ``time`` is a date and time with offset, no ``Z``, no fractions
``bool``, ``int``, ``float``, ``guid``
``ref41``  a reference: ListID or FullName of at most 41 characters; ``ref`` without a limit
``Name``   a capital letter: the content model of that name in `MODELS`
========== =====================================================================================

`sandbox.quickbooks.checking` reads the notation and holds requests against it.
"""

TXN_TYPES = (
    "ARRefundCreditCard Bill BillPaymentCheck BillPaymentCreditCard BuildAssembly Charge Check"
    " CreditCardCharge CreditCardCredit CreditMemo Deposit Estimate InventoryAdjustment Invoice"
    " ItemReceipt JournalEntry PurchaseOrder ReceivePayment SalesOrder SalesReceipt"
    " SalesTaxPaymentCheck TimeTracking TransferInventory VehicleMileage VendorCredit"
)

_PERIODS = "Week Month CalendarQuarter FiscalQuarter CalendarYear FiscalYear"

ENUMS: dict[str, str] = {
    "ActiveStatus": "ActiveOnly InactiveOnly All",
    "MatchCriterion": "StartsWith Contains EndsWith",
    "Operator": "LessThan LessThanEqual Equal GreaterThan GreaterThanEqual",
    "TxnDelType": TXN_TYPES,
    "PostingStatus": "Either NonPosting Posting",
    "PaidStatus": "Either Closed Open",
    "DetailLevel": "All SummaryOnly AllExceptSummary",
    "PriceRule": "Zero BasePrice",
    "ListDelType": "Account BillingRate Class Currency Customer CustomerMsg CustomerType"
    " DateDrivenTerms Employee InventorySite ItemDiscount ItemFixedAsset ItemGroup ItemInventory"
    " ItemInventoryAssembly ItemNonInventory ItemOtherCharge ItemPayment ItemSalesTax"
    " ItemSalesTaxGroup ItemService ItemSubtotal JobType OtherName PaymentMethod"
    " PayrollItemNonWage PayrollItemWage PriceLevel SalesRep SalesTaxCode ShipMethod"
    " StandardTerms ToDo UnitOfMeasureSet Vehicle Vendor VendorType WorkersCompCode",
    "ListAccountType": "AccountsPayable AccountsReceivable Bank CostOfGoodsSold CreditCard Equity"
    " Expense FixedAsset Income LongTermLiability NonPosting OtherAsset OtherCurrentAsset"
    " OtherCurrentLiability OtherExpense OtherIncome",
    "EntityType": "Customer Employee OtherName Vendor",
    "ItemType": "AllExceptFixedAsset Assembly Discount FixedAsset Inventory InventoryAndAssembly"
    " NonInventory OtherCharge Payment Sales SalesTax Service",
    "AccountType": "AccountsPayable AccountsReceivable AllowedFor1099 APAndSalesTax APOrCreditCard"
    " ARAndAP Asset BalanceSheet Bank BankAndARAndAPAndUF BankAndUF CostOfSales CreditCard"
    " CurrentAsset CurrentAssetAndExpense CurrentLiability Equity EquityAndIncomeAndExpense"
    " ExpenseAndOtherExpense FixedAsset IncomeAndExpense IncomeAndOtherIncome Liability"
    " LiabilityAndEquity LongTermLiability NonPosting OrdinaryExpense OrdinaryIncome"
    " OrdinaryIncomeAndCOGS OrdinaryIncomeAndExpense OtherAsset OtherCurrentAsset"
    " OtherCurrentLiability OtherExpense OtherIncome OtherIncomeOrExpense",
    "TxnType": "All ARRefundCreditCard Bill BillPaymentCheck BillPaymentCreditCard BuildAssembly"
    " Charge Check CreditCardCharge CreditCardCredit CreditMemo Deposit Estimate"
    " InventoryAdjustment Invoice ItemReceipt JournalEntry LiabilityAdjustment Paycheck"
    " PayrollLiabilityCheck PurchaseOrder ReceivePayment SalesOrder SalesReceipt"
    " SalesTaxPaymentCheck Transfer VendorCredit YTDAdjustment",
    "CustomDetailReportType": "CustomTxnDetail",
    "ReportDateMacro": "All Today Yesterday"
    + "".join(
        f" This{period} This{period}ToDate Last{period} Last{period}ToDate"
        for period in ("Week", "Month", "Quarter", "Year")
    )
    + " NextWeek NextFourWeeks NextMonth NextQuarter NextYear",
    "SummarizeRowsBy": "Account BalanceSheet Class Customer CustomerType Day Employee FourWeek"
    " HalfMonth IncomeStatement ItemDetail ItemType Month Payee PaymentMethod PayrollItemDetail"
    " PayrollYtdDetail Quarter SalesRep SalesTaxCode ShipMethod TaxLine Terms TotalOnly TwoWeek"
    " Vendor VendorType Week Year",
    "ReportColumn": "Account Aging Amount AmountDifference AverageCost BilledDate BillingStatus"
    " CalculatedAmount Class ClearedStatus CostPrice Credit Currency Date Debit DeliveryDate"
    " DueDate EstimateActive ExchangeRate FOB IncomeSubjectToTax Invoiced Item ItemDesc"
    " LastModifiedBy LatestOrPriorState Memo ModifiedTime Name NameAccountNumber NameAddress"
    " NameCity NameContact NameEmail NameFax NamePhone NameState NameZip OpenBalance"
    " OriginalAmount PaidAmount PaidStatus PaidThroughDate PaymentMethod PayrollItem PONumber"
    " PrintStatus ProgressAmount ProgressPercent Quantity QuantityAvailable QuantityOnHand"
    " QuantityOnSalesOrder ReceivedQuantity RefNumber RunningBalance SalesRep SalesTaxCode"
    " SerialOrLotNumber ShipDate ShipMethod SourceName SplitAccount SSNOrTaxID TaxLine"
    " TaxTableVersion Terms TxnID TxnNumber TxnType UnitPrice UserEdit ValueOnHand WageBase"
    " WageBaseTips",
    "IncludeAccounts": "All InUse",
    "OpenBalanceAsOf": "ReportEndDate Today",
    "ReportBasis": "Accrual Cash None",
    "DateMacro": "All Today Yesterday "
    + " ".join(
        f"This{period} This{period}ToDate Last{period} Last{period}ToDate Next{period}"
        for period in _PERIODS.split()
    )
    + " NextFourWeeks",
}

_LIST_FILTER = (
    "MaxReturned:int? ActiveStatus:ActiveStatus? FromModifiedDate:time? ToModifiedDate:time?"
    " (NameFilter:NameFilter|NameRangeFilter:NameRangeFilter)?"
)
_ENTITY_FILTER = (
    _LIST_FILTER
    + " TotalBalanceFilter:TotalBalanceFilter? CurrencyFilter:CurrencyFilter?"
    + " ClassFilter:TreeFilter?"
)
_TXN_FILTER = (
    "MaxReturned:int?"
    " (ModifiedDateRangeFilter:ModifiedRange|TxnDateRangeFilter:TxnDateRange)?"
    " EntityFilter:TreeFilter? AccountFilter:TreeFilter?"
    " (RefNumberFilter:RefNumberFilter|RefNumberRangeFilter:RefNumberRange)?"
    " CurrencyFilter:CurrencyFilter?"
)
_TXN_QUERY = (
    f"(TxnID:id+|RefNumber:str+|RefNumberCaseSensitive:str+|({_TXN_FILTER}))?"
    " IncludeLineItems:bool? IncludeLinkedTxns:bool? IncludeRetElement:str50* OwnerID:guid*"
)
_LIST_QUERY = "(ListID:id+|FullName:str+|({}))? IncludeRetElement:str50*"

_PO_HEADER = (
    "VendorRef:ref41? ClassRef:ref159? (InventorySiteRef:ref31|ShipToEntityRef:ref209)?"
    " TemplateRef:ref31? TxnDate:date? RefNumber:str11? VendorAddress:Address?"
    " ShipAddress:Address? TermsRef:ref31? DueDate:date? ExpectedDate:date? ShipMethodRef:ref15?"
    " FOB:str13? {closed} Memo:str4095? VendorMsg:str99? IsToBePrinted:bool? IsToBeEmailed:bool?"
    " IsTaxIncluded:bool? SalesTaxCodeRef:ref3? Other1:str25? Other2:str29? ExchangeRate:float?"
)
_PO_LINE = (
    "ItemRef:ref? ManufacturerPartNumber:str31? Desc:str4095? Quantity:quan? UnitOfMeasure:str31?"
    " {uom_set} Rate:price? ClassRef:ref159? Amount:amt? TaxAmount:amt?"
    " InventorySiteLocationRef:ref31? CustomerRef:ref209? ServiceDate:date? SalesTaxCodeRef:ref3?"
    " {closed} OverrideItemAccountRef:ref159? Other1:str29? Other2:str29?"
)
_ESTIMATE_HEADER = (
    "CustomerRef:ref209{customer} ClassRef:ref159? TemplateRef:ref31? TxnDate:date?"
    " RefNumber:str11? BillAddress:Address? ShipAddress:Address? IsActive:bool? {change_order}"
    " PONumber:str25? TermsRef:ref31? DueDate:date? SalesRepRef:ref5? FOB:str13?"
    " ItemSalesTaxRef:ref31? Memo:str4095? CustomerMsgRef:ref101? IsToBeEmailed:bool?"
    " IsTaxIncluded:bool? CustomerSalesTaxCodeRef:ref3? Other:str29? ExchangeRate:float?"
)
_ESTIMATE_LINE = (
    "ItemRef:ref? Desc:str4095? Quantity:quan? UnitOfMeasure:str31? {uom_set}"
    " (Rate:price|RatePercent:pct)? ClassRef:ref159? Amount:amt? TaxAmount:amt?"
    " OptionForPriceRuleConflict:PriceRule? InventorySiteRef:ref31?"
    " InventorySiteLocationRef:ref31? SalesTaxCodeRef:ref3?"
    " (MarkupRate:price|MarkupRatePercent:pct|PriceLevelRef:ref31)? {account} Other1:str29?"
    " Other2:str29?"
)

MODELS: dict[str, str] = {
    "Address": "Addr1:str41? Addr2:str41? Addr3:str41? Addr4:str41? Addr5:str41? City:str31?"
    " State:str21? PostalCode:str13? Country:str31? Note:str41?",
    "DataExt": "OwnerID:guid DataExtName:str31 DataExtValue:str",
    "NameFilter": "MatchCriterion:MatchCriterion Name:str",
    "NameRangeFilter": "FromName:str? ToName:str?",
    "TotalBalanceFilter": "Operator:Operator Amount:amt",
    "CurrencyFilter": "(ListID:id+|FullName:str64+)",
    "TreeFilter": "(ListID:id+|FullName:str+|ListIDWithChildren:id|FullNameWithChildren:str)",
    "ModifiedRange": "FromModifiedDate:time? ToModifiedDate:time?",
    "TxnDateRange": "((FromTxnDate:date? ToTxnDate:date?)|DateMacro:DateMacro)",
    "RefNumberFilter": "MatchCriterion:MatchCriterion RefNumber:str",
    "RefNumberRange": "FromRefNumber:str? ToRefNumber:str?",
    "DeletedRange": "FromDeletedDate:time? ToDeletedDate:time?",
    "ListMetaData": "IncludeMaxCapacity:bool",
    # Requests about the host and the company file.
    "HostQueryRq": "IncludeListMetaData:ListMetaData? IncludeRetElement:str50*",
    "CompanyQueryRq": "IncludeRetElement:str50* OwnerID:guid*",
    "PreferencesQueryRq": "IncludeRetElement:str50*",
    # Lists.
    "VendorQueryRq": _LIST_QUERY.format(_ENTITY_FILTER) + " OwnerID:guid*",
    "CustomerQueryRq": _LIST_QUERY.format(_ENTITY_FILTER) + " OwnerID:guid*",
    "ItemQueryRq": _LIST_QUERY.format(_LIST_FILTER) + " OwnerID:guid*",
    "ClassQueryRq": _LIST_QUERY.format(_LIST_FILTER),
    "AccountQueryRq": _LIST_QUERY.format(
        _LIST_FILTER + " AccountType:ListAccountType* CurrencyFilter:CurrencyFilter?"
    )
    + " OwnerID:guid*",
    "ListDeletedQueryRq": "ListDelType:ListDelType+ DeletedDateRangeFilter:DeletedRange?"
    " IncludeRetElement:str50*",
    # Purchase orders.
    "PurchaseOrderQueryRq": _TXN_QUERY,
    "PurchaseOrderAddRq": "PurchaseOrderAdd:PurchaseOrderAdd IncludeRetElement:str50*",
    "PurchaseOrderAdd": _PO_HEADER.format(closed="") + " ExternalGUID:guid?"
    " (PurchaseOrderLineAdd:PurchaseOrderLineAdd|PurchaseOrderLineGroupAdd:PurchaseOrderGroupAdd)+",
    "PurchaseOrderLineAdd": _PO_LINE.format(uom_set="", closed="") + " DataExt:DataExt*",
    "PurchaseOrderGroupAdd": "ItemGroupRef:ref31 Desc:str? Quantity:quan? UnitOfMeasure:str31?"
    " ServiceDate:date? InventorySiteLocationRef:ref31? DataExt:DataExt*",
    "PurchaseOrderModRq": "PurchaseOrderMod:PurchaseOrderMod IncludeRetElement:str50*",
    "PurchaseOrderMod": "TxnID:id EditSequence:str16 "
    + _PO_HEADER.format(closed="IsManuallyClosed:bool?")
    + " (PurchaseOrderLineMod:PurchaseOrderLineMod"
    "|PurchaseOrderLineGroupMod:PurchaseOrderGroupMod)*",
    "PurchaseOrderLineMod": "TxnLineID:id "
    + _PO_LINE.format(uom_set="OverrideUOMSetRef:ref31?", closed="IsManuallyClosed:bool?"),
    "PurchaseOrderGroupMod": "TxnLineID:id ItemGroupRef:ref31? Quantity:quan? UnitOfMeasure:str31?"
    " OverrideUOMSetRef:ref31? PurchaseOrderLineMod:PurchaseOrderLineMod*",
    # Estimates.
    "EstimateQueryRq": _TXN_QUERY,
    "EstimateAddRq": "EstimateAdd:EstimateAdd IncludeRetElement:str50*",
    "EstimateAdd": _ESTIMATE_HEADER.format(customer="", change_order="") + " ExternalGUID:guid?"
    " (EstimateLineAdd:EstimateLineAdd|EstimateLineGroupAdd:EstimateGroupAdd)+",
    "EstimateLineAdd": _ESTIMATE_LINE.format(uom_set="", account="OverrideItemAccountRef:ref159?")
    + " DataExt:DataExt*",
    "EstimateGroupAdd": "ItemGroupRef:ref31 Desc:str? Quantity:quan? UnitOfMeasure:str31?"
    " InventorySiteRef:ref31? InventorySiteLocationRef:ref31? DataExt:DataExt*",
    "EstimateModRq": "EstimateMod:EstimateMod IncludeRetElement:str50*",
    "EstimateMod": "TxnID:id EditSequence:str16 "
    + _ESTIMATE_HEADER.format(customer="?", change_order="CreateChangeOrder:bool?")
    + " (EstimateLineMod:EstimateLineMod|EstimateLineGroupMod:EstimateGroupMod)*",
    "EstimateLineMod": "TxnLineID:id "
    + _ESTIMATE_LINE.format(uom_set="OverrideUOMSetRef:ref31?", account=""),
    "EstimateGroupMod": "TxnLineID:id ItemGroupRef:ref31? Quantity:quan? UnitOfMeasure:str31?"
    " OverrideUOMSetRef:ref31? EstimateLineMod:EstimateLineMod*",
    # All transactions.
    "TransactionQueryRq": "(TxnID:id+|(MaxReturned:int?"
    " (RefNumber:str+|RefNumberCaseSensitive:str+|RefNumberFilter:RefNumberFilter"
    "|RefNumberRangeFilter:RefNumberRange)?"
    " TransactionModifiedDateRangeFilter:TransactionModifiedRange?"
    " TransactionDateRangeFilter:TxnDateRange? TransactionEntityFilter:TransactionEntity?"
    " TransactionAccountFilter:TransactionAccount? TransactionItemFilter:TransactionItem?"
    " TransactionClassFilter:TreeFilter? TransactionTypeFilter:TransactionTypes?"
    " TransactionDetailLevelFilter:DetailLevel? TransactionPostingStatusFilter:PostingStatus?"
    " TransactionPaidStatusFilter:PaidStatus? CurrencyFilter:CurrencyFilter?))?"
    " IncludeRetElement:str50*",
    "TransactionModifiedRange": "((FromModifiedDate:time? ToModifiedDate:time?)"
    "|DateMacro:DateMacro)",
    "TransactionEntity": "(EntityTypeFilter:EntityType|ListID:id+|FullName:str+"
    "|ListIDWithChildren:id|FullNameWithChildren:str)",
    "TransactionAccount": "(AccountTypeFilter:AccountType|ListID:id+|FullName:str+"
    "|ListIDWithChildren:id|FullNameWithChildren:str)",
    "TransactionItem": "(ItemTypeFilter:ItemType|ListID:id+|FullName:str+"
    "|ListIDWithChildren:id|FullNameWithChildren:str)",
    "TransactionTypes": "TxnTypeFilter:TxnType+",
    # Reports.
    "CustomDetailReportQueryRq": "CustomDetailReportType:CustomDetailReportType DisplayReport:bool?"
    " (ReportPeriod:ReportPeriod|ReportDateMacro:ReportDateMacro)?"
    " ReportAccountFilter:TransactionAccount? ReportEntityFilter:TransactionEntity?"
    " ReportItemFilter:TransactionItem? ReportClassFilter:TreeFilter?"
    " ReportTxnTypeFilter:TransactionTypes?"
    " (ReportModifiedDateRangeFilter:ReportModifiedRange"
    "|ReportModifiedDateRangeMacro:ReportDateMacro)? ReportDetailLevelFilter:DetailLevel?"
    " ReportPostingStatusFilter:PostingStatus? SummarizeRowsBy:SummarizeRowsBy"
    " IncludeColumn:ReportColumn+ IncludeAccounts:IncludeAccounts?"
    " ReportOpenBalanceAsOf:OpenBalanceAsOf? ReportBasis:ReportBasis?",
    "ReportPeriod": "FromReportDate:date? ToReportDate:date?",
    "ReportModifiedRange": "FromReportModifiedDate:date? ToReportModifiedDate:date?",
    "TxnDelRq": "TxnDelType:TxnDelType TxnID:id",
    "TxnDeletedQueryRq": "TxnDelType:TxnDelType+ DeletedDateRangeFilter:DeletedRange?"
    " IncludeRetElement:str50*",
}

REQUESTS = frozenset(name for name in MODELS if name.endswith("Rq"))

_ITERATING = {
    "VendorQueryRq",
    "CustomerQueryRq",
    "ItemQueryRq",
    "PurchaseOrderQueryRq",
    "EstimateQueryRq",
    "TransactionQueryRq",
}
_META_DATA = {
    *_ITERATING,
    "ClassQueryRq",
    "AccountQueryRq",
    "TxnDeletedQueryRq",
    "ListDeletedQueryRq",
}


def allowed_attributes(name: str) -> frozenset[str]:
    """The attributes that the request or element called `name` may carry."""
    allowed = set()
    if name in REQUESTS:
        allowed.add("requestID")
    if name in _META_DATA:
        allowed.add("metaData")
    if name in _ITERATING:
        allowed |= {"iterator", "iteratorID"}
    if name in ("PurchaseOrderAdd", "EstimateAdd", "PurchaseOrderLineAdd"):
        allowed.add("defMacro")
    if name in ("TxnID", "TxnLineID"):
        allowed.add("useMacro")
    return frozenset(allowed)
