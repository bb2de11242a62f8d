"""The carriers that ManoMano knows: the name as written, capitals included; there is no "other".

Source: its list "Lista dei corrieri" as handed out in July 2026. For one that is missing it says to write to
Transport@manomano.com.
"""

from __future__ import annotations

from difflib import get_close_matches

CARRIERS = frozenset({
    "APC Overnight", "Ader", "Amazon Logistics", "Asendia", "Austrian Post", "BRT", "Baudoin", "Bpost",
    "CBL Logistica", "CHRONO 13", "CTT Express", "Chronopost", "Colis Privé", "Colissimo", "Correos",
    "Correos Express", "DB Schenker", "DHL", "DHL Freight", "DHL Parcel", "DPD", "DSV", "DUSCHEXPRESS", "DX",
    "Dachser", "Deutsche Post", "Ducros", "Envialia", "Evri", "Fedex", "Fercam", "France Express", "Furdeco", "GLS",
    "Gebruder Weiss", "Gefco", "Gel", "Geodis", "Heppner", "Hermes", "Kuehne Nagel", "La Poste Suivi", "Liccardi",
    "MRW", "Marmeth", "Mazet", "Mondial Relay", "NACEX", "OnTime", "Palletways", "Pallex", "ParcelForce", "Post NL",
    "Poste Italiane", "Prévoté", "Raben", "Relais Colis", "Royal Mail", "SDA", "Sanidis", "Sending", "Seur", "Spring",
    "TDN", "TIPSA", "TNT", "TRS", "Transaher", "Tred Chariot", "Trusk", "UDEL", "UK Mail", "UPS", "VIR", "Whistl",
    "XDP", "XPO", "Yodel", "Zeleris", "viaxpress",
})  # fmt: skip


def checked_carrier(name: str) -> str:
    """The name, if ManoMano knows it or it is empty. Raises ValueError that names the nearest one."""
    if not name or name in CARRIERS:
        return name
    by_small = {carrier.casefold(): carrier for carrier in CARRIERS}
    near = get_close_matches(name.casefold(), by_small, 1)
    meant = f"did you mean {by_small[near[0]]}?" if near else "write to Transport@manomano.com for one that is missing"
    raise ValueError(f"ManoMano knows no carrier {name!r}: {meant}")
