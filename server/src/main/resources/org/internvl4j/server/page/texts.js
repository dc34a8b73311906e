// What the page says, in English and Chinese.

const ENGLISH = {
  skip: "Skip to the question",
  conversations: "Conversations",
  newChat: "New chat",
  keptHere: "Conversations stay in this browser.",
  settings: "Settings",
  messages: "Messages",
  composer: "Your question",
  pictures: "Pictures of this question",
  question: "Question",
  questionHint: "Ask about a picture …",
  findQuestionHint: "What to find: the red circle …",
  addPictures: "Add pictures",
  takePicture: "Take a picture",
  find: "Find",
  findHint: "Find something: the answer is drawn on the picture",
  send: "Send",
  stop: "Stop",
  mayBeWrong: "Answers may be wrong. Enter sends, Shift + Enter starts a new line.",
  dropHere: "Drop pictures here",
  welcome: "What would you like to see?",
  welcomeMore: "Drop a picture anywhere, paste one, or choose a file. Then ask.",
  ideas: ["Describe the image in detail.", "What does the text say?", "Write a short poem about the image."],
  loading: "loading",
  away: "does not answer",
  themeAuto: "Colours: as the system",
  themeLight: "Colours: light",
  themeDark: "Colours: dark",
  language: "中文",
  languageLabel: "用中文显示",
  languageTag: "zh",
  you: "You",
  model: "Model",
  edit: "Edit and send again",
  copy: "Copy",
  copied: "Copied",
  retry: "Try again",
  cancel: "Cancel",
  remove: (name) => `Remove ${name}`,
  show: (name) => `Show ${name}`,
  deleteChat: (title) => `Delete ${title}`,
  deleteSure: (title) => `Delete “${title}” and its pictures from this browser?`,
  delete: "Delete",
  close: "Close",
  untitled: "New chat",
  waiting: "Waiting for its turn …",
  lookingAt: (done, total) => `Looking: tile ${done} of ${total}`,
  reading: (done, total) => `Reading: ${done} of ${total} tokens`,
  stopped: "Stopped",
  cut: "Cut off at the length limit",
  done: "The answer is complete.",
  tiles: (n) => (n === 1 ? "1 tile" : `${n} tiles`),
  tokens: (n) => (n === 1 ? "1 token" : `${n} tokens`),
  cost: (prompt, cached, answer, seconds) =>
    `${prompt} tokens in${cached === "0" ? "" : ` (${cached} cached)`} · ${answer} out · ${seconds} s`,
  boxes: (labels) => `Found on the picture: ${labels}`,
  found: "found",
  notPicture: (name) => `${name} is no picture that this browser can read.`,
  tooLarge: (name) => `${name} is too large: a picture may have 12 MB. Choose a smaller one.`,
  failed: (why) => `That did not work: ${why}`,
  notReached: "the server does not answer",
  inUse: "Another tab is answering in this conversation. Ask again when its answer is complete.",
  removedElsewhere: "This conversation was deleted in another tab.",
  keyTitle: "This server asks for a key",
  keyLabel: "API key",
  keyWrong: "That is not the key of this server.",
  keyMore: "It is kept until this tab is closed.",
  ok: "OK",
  temperature: "Temperature",
  temperatureMore: "0 takes the likeliest token each time",
  topP: "Top-p",
  topPMore: "only tokens that together are this likely",
  repetition: "Repetition penalty",
  repetitionMore: "1 is none",
  length: "Longest answer",
  lengthMore: "in tokens",
  maxTiles: "Most tiles a picture",
  maxTilesMore: "more see finer detail and take longer",
  system: "System prompt",
  systemHint: "Left empty: the model's own",
  reset: "Back to the defaults",
};

const CHINESE = {
  skip: "跳到提问",
  conversations: "对话",
  newChat: "新对话",
  keptHere: "对话只保存在本浏览器中。",
  settings: "设置",
  messages: "消息",
  composer: "你的问题",
  pictures: "本问题的图片",
  question: "问题",
  questionHint: "就图片提问……",
  findQuestionHint: "要找什么：红色圆形……",
  addPictures: "添加图片",
  takePicture: "拍照",
  find: "定位",
  findHint: "查找物体：结果会画在图片上",
  send: "发送",
  stop: "停止",
  mayBeWrong: "回答可能有误。按 Enter 发送，Shift + Enter 换行。",
  dropHere: "把图片放到这里",
  welcome: "想看什么？",
  welcomeMore: "拖入图片、粘贴，或选择文件，然后提问。",
  ideas: ["请描述这张图片。", "图中的数字是什么？", "图中有几个图形？"],
  loading: "正在加载",
  away: "没有响应",
  themeAuto: "颜色：跟随系统",
  themeLight: "颜色：浅色",
  themeDark: "颜色：深色",
  language: "EN",
  languageLabel: "Show in English",
  languageTag: "en",
  you: "你",
  model: "模型",
  edit: "修改并重新发送",
  copy: "复制",
  copied: "已复制",
  retry: "重试",
  cancel: "取消",
  remove: (name) => `移除 ${name}`,
  show: (name) => `查看 ${name}`,
  deleteChat: (title) => `删除 ${title}`,
  deleteSure: (title) => `从本浏览器中删除“${title}”及其图片？`,
  delete: "删除",
  close: "关闭",
  untitled: "新对话",
  waiting: "正在排队……",
  lookingAt: (done, total) => `正在看图：第 ${done} 块，共 ${total} 块`,
  reading: (done, total) => `正在阅读：${done} / ${total} 个词元`,
  stopped: "已停止",
  cut: "达到长度上限",
  done: "回答完毕。",
  tiles: (n) => `${n} 块`,
  tokens: (n) => `${n} 个词元`,
  cost: (prompt, cached, answer, seconds) =>
    `输入 ${prompt} 个词元${cached === "0" ? "" : `（缓存 ${cached}）`} · 输出 ${answer} · ${seconds} 秒`,
  boxes: (labels) => `在图片上找到：${labels}`,
  found: "目标",
  notPicture: (name) => `${name} 不是本浏览器能读取的图片。`,
  tooLarge: (name) => `${name} 太大：一张图片最多 12 MB，请换一张小一些的。`,
  failed: (why) => `没有成功：${why}`,
  notReached: "服务器没有响应",
  inUse: "另一个标签页正在此对话中回答，请等它答完再问。",
  removedElsewhere: "此对话已在另一个标签页中删除。",
  keyTitle: "此服务器需要密钥",
  keyLabel: "API 密钥",
  keyWrong: "密钥不正确。",
  keyMore: "只保存到关闭本标签页为止。",
  ok: "确定",
  temperature: "温度",
  temperatureMore: "0 表示每次取最可能的词元",
  topP: "Top-p",
  topPMore: "只取累计概率达到此值的词元",
  repetition: "重复惩罚",
  repetitionMore: "1 表示不惩罚",
  length: "回答最大长度",
  lengthMore: "以词元计",
  maxTiles: "每张图片最多块数",
  maxTilesMore: "块数越多越清晰，也越慢",
  system: "系统提示词",
  systemHint: "留空则用模型自带的",
  reset: "恢复默认值",
};

const LANGUAGES = { en: ENGLISH, zh: CHINESE };

let language = "en";

/** The texts of the language that is on. */
export function texts() {
  return LANGUAGES[language];
}

export function isLanguage(name) {
  return Object.hasOwn(LANGUAGES, name);
}

/** What the browser's user most likely reads. */
export function preferredLanguage() {
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/** Says everything that stands in the page itself in a language. */
export function speak(name) {
  language = name;
  document.documentElement.lang = name === "zh" ? "zh-CN" : "en";
  const own = texts();
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = own[element.dataset.text];
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", own[element.dataset.label]);
    if (element.tagName === "BUTTON") {
      element.title = own[element.dataset.label];
    }
  }
  for (const element of document.querySelectorAll("[data-hint]")) {
    element.placeholder = own[element.dataset.hint];
  }
}

/** A count as people of this language write it. */
export function count(number) {
  return number.toLocaleString(document.documentElement.lang);
}
