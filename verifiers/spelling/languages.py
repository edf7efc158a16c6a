"""Units and number words of the larger languages other than English."""

FOREIGN = {
    "m": "mètre metro meter метр метра метров 米 メートル",
    "cm": "centimètre centimetro centímetro zentimeter сантиметр сантиметра сантиметров см 厘米 公分 "
    "センチメートル",
    "km": "kilomètre chilometro kilómetro quilômetro километр километра километров км 千米 公里 キロメートル",
    "mm": "millimètre millimetro milímetro millimeter миллиметр мм 毫米",
    "h": "heure hora ora ore stunde stunden час часа часов 小时 小時 時間",
    "min": "minuto minuti minuten минута минуты минут мин 分钟 分鐘 分",
    "s": "seconde segundo secondo secondi sekunde sekunden секунда секунды секунд сек 秒 秒钟",
    "day": "jour día dia giorno giorni tag tage день дня дней 天 日",
    "week": "semaine semana settimana settimane woche wochen неделя недели недель 周 星期",
    "month": "mese mesi monat monate месяц месяца месяцев 个月 ヶ月",
    "year": "année an año ano anno anni jahr jahre год года лет 年 岁 歳",
    "kg": "kilogramme kilogramo chilogrammo quilograma kilogramm кг килограмм килограмма килограммов 千克 "
    "公斤",
    "g": "gramme gramo grammo grammi gramm грамм грамма граммов 克",
    "l": "litro litri литр литра литров 升 リットル",
    "euro": "eur евро 欧元 ユーロ",
    "yuan": "yuan yuans cny rmb 元 块 块钱",
    "yen": "jpy 日元 円",
    "ruble": "rubel рубль рубля рублей",
    "$": "dólar dollaro dollari доллар доллара долларов 美元 ドル",
    "people": "personne persona pessoa persone personen человек человека 人 名",
    "unit": "个 個 只 本 支 张 件 つ",
    "°": "degré grado gradi grau graus grad градус градуса градусов 度",
    "won": "krw",
    "£": "gbp",
    "chf": "franken",
}  # fmt: skip
"""Canonical unit -> words for it: French, Spanish, Italian, Portuguese, German, Russian, Chinese and Japanese."""
FOREIGN_NUMBERS = """
    medio media tercio cuarto quinto sexto séptimo octavo noveno décimo centésimo milésimo mitad docena decena cien
    ciento mil millar millón millones millardo
    tier tiers demi quart cinquième sixième septième huitième neuvième dixième centième millième moitié dizaine douzaine
    centaine millier mille
    terço quarto sétimo oitavo nono metade dúzia dezena milhar milhão milhões
    mezzo mezzi terzo terzi quarti quinti sesti settimi ottavi noni decimi centesimi millesimi dozzina dozzine
    drittel viertel fünftel sechstel siebtel achtel neuntel zehntel hundertstel hälfte dutzend hundert tausend
"""
"""Fractions, scales and multiples, which change the number before them."""
